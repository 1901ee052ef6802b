"""An application that needs its secrets at start-up and never prints them."""

from ciphertool import Vault

vault = Vault.open()  # ciphertool.toml in this directory; the keystore password from the environment
settings = vault.load("conf/app.yaml")
server = vault.load("conf/server.xml").getroot()

print("database user:", settings["datasource"]["username"])
print("database password:", "****" if settings["datasource"]["password"] else "none")
print("keystore password:", "****" if server.find(".//Connector").get("keystorePass") else "none")
print("one secret by its alias:", vault["server.admin.password"])  # a Secret masks itself
