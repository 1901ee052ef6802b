"""The rules about keys, certificates and encryption schemes."""

from __future__ import annotations

from ciphertool.audit.rules.base import Rule
from ciphertool.findings import Level

FOREIGN = Rule(
    "CT010",
    "foreign-ciphertext",
    Level.ERROR,
    None,
    "Ciphertexts are not of the primary key: their length or key id is that of another. New values would be encrypted "
    "for whoever has the key that the settings name now.",
    "Find out who changed the key (`--history` names the commit), and put the former keystore back. docs/keystores.md "
    "says how to change a key.",
)
PKCS1 = Rule(
    "CT011",
    "pkcs1-padding",
    Level.WARNING,
    780,
    "Secrets are encrypted with RSA PKCS #1 v1.5, whose padding can be attacked and whose damage goes unnoticed.",
    "Declare RSA/ECB/OAEPwithSHA1andMGF1Padding (Carbon) or RSA-OAEP-256 and encrypt the secrets again.",
)
UNPADDED = Rule(
    "CT012",
    "raw-rsa",
    Level.ERROR,
    780,
    "Secrets are encrypted with RSA without padding: equal secrets show, and weak ones can be guessed.",
    "Declare an OAEP transformation, encrypt the secrets again, and change them.",
)
SHORT_KEY = Rule(
    "CT013",
    "short-key",
    Level.WARNING,
    326,
    "The primary key is shorter than the settings allow.",
    "Create a keystore with a longer key (`ciphertool keystore create`) and rotate to it.",
)
KEY_USAGE = Rule(
    "CT014",
    "key-usage",
    Level.WARNING,
    None,
    "The primary certificate permits no form of encryption that the settings ask for: dataEncipherment is for values, "
    "keyEncipherment for content keys. If its KeyUsage is critical, Java refuses it.",
    "Create a certificate with both (`ciphertool keystore create --role primary`).",
)
EXPIRED = Rule(
    "CT015",
    "certificate-validity",
    Level.WARNING,
    324,
    "The primary certificate has expired, or is not valid yet.",
    "Create a new key and certificate, and rotate to it.",
)
PUBLIC_KEY = Rule(
    "CT016",
    "public-default-key",
    Level.ERROR,
    1394,
    "The primary key is a published default: everyone has its private key, so it protects nothing.",
    "Create your own keystore (`ciphertool keystore create`), rotate to it, and change the secrets.",
)
KEYSTORE_ROLE = Rule(
    "CT040",
    "keystore-role",
    Level.WARNING,
    None,
    "A keystore does not fit what a Carbon home uses it for: Tomcat and Axis2 serve TLS with it, or it signs messages.",
    "`ciphertool keystore check STORE --role tls --truststore TRUSTSTORE` says what is wrong, and what to do.",
)
KEY_IN_ROLES = Rule(
    "CT041",
    "key-in-several-roles",
    Level.WARNING,
    None,
    "A Carbon home uses one key for several purposes: who gets it from one of them has the others as well, and nobody "
    "can change it for one alone.",
    "Make a keystore for each purpose: `ciphertool keystore create --role primary`, `--role tls`, `--role message`.",
)
INSTANCES_DIFFER = Rule(
    "CT042",
    "instances-differ",
    Level.WARNING,
    None,
    "Instances of one product use different keys for the same purpose, or one of them names no keystore for it: "
    "clients that trust one do not trust the other, or one cannot read what the other encrypted.",
    "Give all instances the same keystore for TLS, and for the secrets that they share.",
)
KEYSTORE_NOT_JUDGED = Rule(
    "CT025",
    "keystore-not-judged",
    Level.NOTE,
    None,
    "The primary certificate could not be read without a password, so neither key nor certificate were judged.",
    "Name the certificate as a PEM file: `[keystore] certificate`, or `--certificate`.",
)
BROKEN_KEY = Rule(
    "CT030",
    "broken-key",
    Level.ERROR,
    1241,
    "Others can break the primary key: its modulus can be factored, or its numbers are not those of an RSA key.",
    "Create a new key (`ciphertool keystore create`), rotate to it, and change the secrets.",
)
RECIPIENTS_DIFFER = Rule(
    "CT036",
    "recipients-differ",
    Level.WARNING,
    None,
    "The vault is encrypted to other keys than the settings name: somebody can read it who should not, or cannot who "
    "should.",
    "`ciphertool recipients check` says which is whose; `ciphertool recipients add` and `remove` change it.",
)
RECIPIENT_CERTIFICATE = Rule(
    "CT037",
    "recipient-certificate",
    Level.WARNING,
    1394,
    "The certificate of a recipient has expired, must not be used, or has a key that is weak or public: everybody who "
    "has that key can read the vault.",
    "Take the recipient out (`ciphertool recipients remove`), and add it with another certificate.",
)
RECIPIENTS_CHANGED = Rule(
    "CT044",
    "recipients-changed",
    Level.WARNING,
    None,
    "A commit changes who can read the vault.",
    "Make sure that it was meant (`ciphertool recipients list`); if not, take the key out "
    "(`ciphertool recipients remove`), and change the secrets.",
)
KEY_CHANGED = Rule(
    "CT031",
    "key-changed",
    Level.WARNING,
    None,
    "A commit changes the key that encrypts new secrets: anyone who has the new private key can read them.",
    "Make sure that the new key is yours (`ciphertool keystore list`); if not, put the former one back and change the "
    "secrets that were set since.",
)
