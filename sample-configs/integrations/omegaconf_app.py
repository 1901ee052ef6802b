"""OmegaConf and Hydra: `${sec:...}` as a resolver. Needs ciphertool[omegaconf]."""

from omegaconf import OmegaConf

from ciphertool.integrations.omegaconf import register

register()
config = OmegaConf.create({"password": "${sec:app.datasource.password}"})

print("database password:", "****" if config.password else "none")
