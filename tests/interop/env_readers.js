// Reads many .env files as Node programs do: stdin is {"files": […], "names": […]}, stdout one object a file.
const fs = require("fs");
const path = require("path");
const modules = path.join(__dirname, "node", "node_modules");
const judges = {
  "dotenv": [require(path.join(modules, "dotenv")), null],
  "dotenv-expand": [require(path.join(modules, "dotenv")), require(path.join(modules, "dotenv-expand"))],
  "dotenv-18": [require(path.join(modules, "dotenv-18")), null],
  "dotenv-expand-13": [require(path.join(modules, "dotenv-18")), require(path.join(modules, "dotenv-expand-13"))],
};
const { files, names } = JSON.parse(fs.readFileSync(0, "utf8"));
const read = (file, [dotenv, expand]) => {
  let parsed = dotenv.parse(fs.readFileSync(file));
  if (expand) parsed = expand.expand({ parsed, processEnv: { ...process.env } }).parsed;
  return names.map((name) => (Object.hasOwn(parsed, name) ? parsed[name] : null));
};
const found = files.map((file) =>
  Object.fromEntries(Object.entries(judges).map(([name, judge]) => [name, read(file, judge)])));
process.stdout.write(JSON.stringify(found));
