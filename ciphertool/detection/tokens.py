"""What the tokens and keys of providers look like, each with a page that describes it. Knows no names.

Only forms that are secrets by themselves are here: identifiers beside them (`AC…`, `rzp_…`, `pk_…`) are not secrets,
and forms without a mark of their own (forty hexadecimal digits) are recognised by names.
"""

from __future__ import annotations

from typing import NamedTuple


class Token(NamedTuple):
    """One line of the table: forms of one provider's tokens.

    `leads` are words, separated by spaces; each text that `pattern` matches contains one. A lead that ends with a sign
    is followed by at least sixteen characters of `[\\w./+=~$%-]`, or ten if the sign is a dash. A token without leads
    has a dot with 27 characters of `[\\w-]` after it. Each text has a run of fifteen such characters.

    `source` is a page that describes the token. `stated` says that the page was read and has the form in it; otherwise
    the form is that of other scanners' rules, or of tokens that were published.
    """

    kind: str
    pattern: str
    leads: str
    source: str
    stated: bool = False


TOKENS: tuple[Token, ...] = (
    Token("private key", r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}", "AGE-SECRET-KEY-", "https://github.com/C2SP/C2SP/blob/main/age.md"),
    # Clouds
    Token("AWS access key", r"\bA(?:KI|SI)A[A-Z0-9]{16}\b", "AKIA ASIA",
          "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"),
    Token("AWS Bedrock key", r"\bABSK[A-Za-z0-9+/]{100,}={0,2}", "ABSK",
          "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html"),
    Token("Google key", r"\bAIza[\w-]{35}", "AIza",
          "https://learn.microsoft.com/purview/sit-defn-google-api-key", stated=True),
    Token("Google key", r"\bGOCSPX-[\w-]{28}", "GOCSPX-", "https://support.google.com/cloud/answer/15549257"),
    Token("Google key", r"\bya29\.[\w-]{20,}", "ya29.", "https://cloud.google.com/docs/authentication/token-types"),
    Token("Azure key", r"\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}={0,2}", "AccountKey= SharedAccessKey=",
          "https://learn.microsoft.com/purview/sit-defn-azure-storage-account-key", stated=True),
    Token("Azure key", r"[?&]sig=[A-Za-z0-9%+/]{40,}", "sig=",
          "https://learn.microsoft.com/rest/api/storageservices/create-service-sas"),
    Token("Azure key", r"(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])", "Q~",
          "https://learn.microsoft.com/purview/sit-defn-azure-ad-client-secret"),
    Token("Azure DevOps token", r"\b[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9]{18}AZDO[A-Za-z0-9]{4}\b", "JQQJ9",
          "https://learn.microsoft.com/purview/sit-defn-azure-devops-personal-access-token", stated=True),
    Token("cloud token", r"\bdo[opr]_v1_[0-9a-f]{64}", "doo_v1_ dop_v1_ dor_v1_",
          "https://docs.digitalocean.com/reference/api/create-personal-access-token/"),
    Token("cloud token", r"\bLTAI[A-Za-z0-9]{12,20}\b", "LTAI",
          "https://www.alibabacloud.com/help/en/ram/user-guide/create-an-accesskey-pair"),
    Token("cloud token", r"\bHRKU-(?:AA[\w-]{58}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", "HRKU-",
          "https://devcenter.heroku.com/articles/authentication"),
    Token("cloud token", r"\bfm[12][ar]?_[A-Za-z0-9+/]{60,}={0,3}|\bfo1_[\w-]{43}",
          "fm1_ fm1a_ fm1r_ fm2_ fm2a_ fm2r_ fo1_",
          "https://fly.io/docs/security/tokens/"),
    Token("cloud token", r"\bv1\.0-[0-9a-f]{24}-[0-9a-f]{146}", "v1.0-",
          "https://developers.cloudflare.com/fundamentals/api/get-started/ca-keys/"),
    Token("cloud token", r"\bnfp_[A-Za-z0-9]{36,}", "nfp_", "https://docs.netlify.com/api/get-started/"),
    Token("cloud token", r"\brnd_[A-Za-z0-9]{28,}", "rnd_", "https://render.com/docs/api"),
    Token("cloud token", r"\bsha256~[\w-]{43}(?![\w-])", "sha256~",
          "https://docs.openshift.com/container-platform/latest/authentication/using-service-accounts-in-applications.html"),
    # Code hosts, builds, packages
    Token("GitHub token", r"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{60,}", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
          "https://github.blog/changelog/2021-03-31-authentication-token-format-updates-are-generally-available",
          stated=True),
    Token("GitLab token", r"\bgl(?:pat|dt|rtr?|cbt|ptt|ft|ffct|wt|soat|agent|imt|oas)-[\w.-]{20,}",
          "glpat- gldt- glrt- glrtr- glcbt- glptt- glft- glffct- glwt- glsoat- glagent- glimt- gloas-",
          "https://docs.gitlab.com/security/tokens/"),
    Token("GitLab token", r"\bGR1348941[\w-]{20}", "GR1348941", "https://docs.gitlab.com/security/tokens/"),
    Token("Atlassian token", r"\bAT(?:ATT|CTT)3[\w=-]{60,}|\bATBB[A-Za-z0-9]{32}", "ATATT ATCTT ATBB",
          "https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/"),
    Token("build service token", r"\bCCI(?:PAT|PRJ)_[A-Za-z0-9]{16,}_[0-9a-f]{40}", "CCIPAT_ CCIPRJ_",
          "https://circleci.com/changelog/new-format-for-api-access-tokens/", stated=True),
    Token("build service token", r"\bbk(?:ua|aa|aj)_[\w-]{40,}", "bkua_ bkaa_ bkaj_",
          "https://buildkite.com/docs/platform/security/tokens", stated=True),
    Token("build service token", r"\bAPI-[A-Z0-9]{26,}\b", "API-",
          "https://octopus.com/docs/octopus-rest-api/how-to-create-an-api-key"),
    Token("build service token", r"\b(?:pat|sat)\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}", "pat. sat.",
          "https://developer.harness.io/docs/platform/automation/api/add-and-manage-api-keys/"),
    Token("code quality token", r"\bsq[uap]_[0-9a-f]{40}", "squ_ sqa_ sqp_",
          "https://docs.sonarsource.com/sonarqube-server/latest/user-guide/managing-tokens/"),
    Token("code search token", r"\bsgp_(?:(?:[0-9a-f]{16}|local)_)?[0-9a-f]{40}", "sgp_",
          "https://sourcegraph.com/docs/cli/how-tos/creating_an_access_token"),
    Token("package registry token", r"\bnpm_[A-Za-z0-9]{36}", "npm_",
          "https://docs.npmjs.com/about-access-tokens"),
    Token("package registry token", r"\bpypi-AgE[\w-]{40,}", "pypi-", "https://github.com/pypi/warehouse"),
    Token("package registry token", r"\brubygems_[0-9a-f]{48}",
          "rubygems_", "https://guides.rubygems.org/api-key-scopes/"),
    Token("package registry token", r"\bdckr_(?:pat|oat)_[\w-]{24,}", "dckr_pat_ dckr_oat_",
          "https://docs.docker.com/reference/api/hub/latest/operations/AuthCreateAccessToken.md", stated=True),
    Token("package registry token", r"\bCLOJARS_[0-9a-z]{60}", "CLOJARS_",
          "https://github.com/clojars/clojars-web/wiki/Deploy-Tokens"),
    Token("package registry token", r"\bAKCp[0-9][A-Za-z0-9]{60,}\b|\bcmVmd[A-Za-z0-9]{59}\b", "AKCp cmVmd",
          "https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-tokens"),
    # Infrastructure
    Token("vault token", r"\bhv[sbr]\.[\w-]{24,}", "hvs. hvb. hvr.",
          "https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes"),
    Token("cloud token", r"\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}", ".atlasv1.",
          "https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens"),
    Token("cloud token", r"\bpul-[0-9a-f]{40}\b", "pul-",
          "https://www.pulumi.com/docs/pulumi-cloud/access-management/access-tokens/"),
    Token("cloud token", r"\bdapi[0-9a-f]{32}\b", "dapi", "https://docs.databricks.com/dev-tools/auth/pat.html"),
    Token("cloud token", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,}",
          "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.",
          "https://docs.doppler.com/reference/auth-token-formats"),
    Token("password manager token", r"\bops_eyJ[A-Za-z0-9+/]{100,}", "eyJ",
          "https://developer.1password.com/docs/service-accounts/"),
    Token("password manager token", r"\bA3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}\b",
          "A3-",
          "https://support.1password.com/secret-key-security/"),
    Token("network token", r"\btskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,}-[A-Za-z0-9]{16,}",
          "tskey-auth- tskey-api- tskey-client- tskey-scim- tskey-webhook-",
          "https://tailscale.com/kb/1277/key-prefixes", stated=True),
    Token("database token", r"\bpscale_(?:tkn|oauth|pw)_[\w=.-]{32,}", "pscale_tkn_ pscale_oauth_ pscale_pw_",
          "https://planetscale.com/docs/api/reference/service-tokens"),
    Token("database token", r"\bsb(?:p|_secret)_[\w-]{20,}", "sbp_ sb_secret_",
          "https://supabase.com/docs/guides/api/api-keys", stated=True),
    Token("workflow token", r"\bpn[ub]_[A-Za-z0-9]{36}\b", "pnu_ pnb_",
          "https://docs.prefect.io/v3/how-to-guides/cloud/manage-users/api-keys"),
    Token("feature flag key", r"\b(?:sdk|api)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "sdk- api-",
          "https://launchdarkly.com/docs/home/account/api"),
    # Watching
    Token("monitoring token", r"\bgls[ac]_[\w+/]{32,}={0,3}", "glsa_ glc_ glsc_",
          "https://grafana.com/docs/grafana/latest/administration/service-accounts/"),
    Token("monitoring token", r"\bglc_[A-Za-z0-9+/]{32,}={0,3}", "glc_",
          "https://grafana.com/docs/grafana-cloud/security-and-account-management/authentication-and-permissions/access-policies/"),
    Token("monitoring token", r"\bNRAK-[A-Z0-9]{27}\b|\bNRI[IQ]-[\w-]{32}|\b[0-9a-f]{36}NRAL\b",
          "NRAK- NRII- NRIQ- NRAL",
          "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/"),
    Token("monitoring token", r"\bsntry[su]_[\w+/=-]{40,}",
          "sntrys_ sntryu_", "https://docs.sentry.io/account/auth-tokens/"),
    Token("monitoring token", r"\bdt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}", "dt0c01. dt0s01. dt0s02. dt0s16.",
          "https://docs.dynatrace.com/docs/manage/identity-access-management/access-tokens-and-oauth-clients/access-tokens"),
    # Talking
    Token("Slack token", r"\bxox[abeoprs]-[\w-]{10,}|\bxapp-\d-[\w-]{10,}|\bxoxe\.xox[bp]-[\w-]{20,}",
          "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-", "https://docs.slack.dev/authentication/tokens"),
    Token("Slack token", r"hooks\.slack\.com/\w+/[TA-Z]\w+/\w+/\w+", "hooks.slack",
          "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"),
    Token("chat bot token", r"(?<!\d)(?:\b|(?<=bot))\d{8,10}:AA[\w-]{32,33}(?![\w-])", ":AA",
          "https://core.telegram.org/bots/api#authorizing-your-bot"),
    Token("chat bot token", r"\b[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}", "",
          "https://discord.com/developers/docs/reference#authentication"),
    Token("chat bot token", r"discord(?:app)?\.com/api/webhooks/\d+/[\w-]+", "discord.com/ discordapp.com/",
          "https://discord.com/developers/docs/resources/webhook"),
    Token("chat bot token", r"\.webhook\.office\.com/webhookb2/[\w@-]{30,}", "webhookb2",
          "https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook"),
    Token("mail service key", r"\bSG\.[\w-]{16,}\.[\w-]{32,}", "SG.",
          "https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys"),
    Token("mail service key", r"\bkey-[0-9a-f]{32}\b",
          "key-", "https://documentation.mailgun.com/docs/mailgun/user-manual/api-key-mgmt/"),
    Token("mail service key", r"\bxkeysib-[0-9a-f]{64}",
          "xkeysib-", "https://developers.brevo.com/docs/getting-started"),
    # Paying and selling
    Token("Stripe key", r"\b[rs]k_(?:live|test|prod)_[A-Za-z0-9]{16,}",
          "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_",
          "https://docs.stripe.com/keys"),
    Token("Stripe key", r"\bwhsec_[A-Za-z0-9+/=]{24,}", "whsec_", "https://docs.stripe.com/webhooks/signature"),
    Token("payment service key", r"\bsq0(?:atp-[\w-]{22}|csp-[\w-]{43})", "sq0atp- sq0csp-",
          "https://developer.squareup.com/docs/build-basics/access-tokens"),
    Token("payment service key", r"\bFLWSECK(?:_TEST)?-[A-Za-z0-9]{12,}(?:-X)?", "FLWSECK- FLWSECK_TEST-",
          "https://developer.flutterwave.com/docs/authentication"),
    Token("payment service key", r"\baccess_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
          "$production$ $sandbox$",
          "https://developer.paypal.com/braintree/docs/guides/authorization/access-token"),
    Token("payment service key", r"\baccess-(?:sandbox|development|production)-[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4}",
          "access-sandbox- access-development- access-production-",
          "https://plaid.com/docs/quickstart/glossary/", stated=True),
    Token("shop token", r"\bshp(?:at|ss|ca|pa|ua|rt)_[0-9a-fA-F]{32}", "shpat_ shpss_ shpca_ shppa_ shpua_ shprt_",
          "https://shopify.dev/docs/apps/build/authentication-authorization"),
    Token("shop token", r"\bshippo_(?:live|test)_[0-9a-fA-F]{40}", "shippo_live_ shippo_test_",
          "https://docs.goshippo.com/docs/guides_general/authentication/"),
    # Models
    Token("model service key", r"\bsk-(?:ant-|proj-|svcacct-|admin-|or-v1-)?[\w-]{32,}", "sk-",
          "https://platform.openai.com/docs/api-reference/authentication"),
    Token("model service key", r"\bhf_[A-Za-z0-9]{34}\b|\bapi_org_[A-Za-z]{34}\b", "hf_ api_org_",
          "https://huggingface.co/docs/hub/security-tokens"),
    Token("model service key", r"\bgsk_[A-Za-z0-9]{40,}", "gsk_", "https://console.groq.com/docs/quickstart"),
    Token("model service key", r"\bpplx-[A-Za-z0-9]{48}", "pplx-", "https://docs.perplexity.ai/guides/getting-started"),
    Token("model service key", r"\br8_[A-Za-z0-9]{37}\b",
          "r8_", "https://replicate.com/docs/topics/security/api-tokens"),
    Token("model service key", r"\bxai-[A-Za-z0-9]{60,}", "xai-", "https://docs.x.ai/docs/overview"),
    # Working together
    Token("work service token", r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b", "PMAK-",
          "https://learning.postman.com/docs/developer/postman-api/authentication/"),
    Token("work service token", r"\blin_(?:api|oauth)_[A-Za-z0-9]{40,}", "lin_api_ lin_oauth_",
          "https://linear.app/developers/graphql"),
    Token("work service token", r"\bntn_[A-Za-z0-9]{40,}", "ntn_", "https://developers.notion.com/docs/authorization"),
    Token("work service token", r"\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}", "",
          "https://airtable.com/developers/web/guides/personal-access-tokens"),
    Token("work service token", r"\bfig[duo]r?_[\w-]{36,}", "figd_ figu_ figo_ figdr_ figur_ figor_",
          "https://www.figma.com/developers/api#access-tokens"),
    Token("work service token", r"\bfio-u-[\w=-]{64}",
          "fio-u-", "https://developer.frame.io/docs/getting-started/authentication"),
    Token("work service token", r"\btfp_[\w.=-]{55,}",
          "tfp_", "https://www.typeform.com/developers/get-started/personal-access-token/"),
    Token("work service token", r"\bpat-(?:na|eu|ap)\d-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
          "pat-na pat-eu pat-ap",
          "https://developers.hubspot.com/docs/guides/apps/private-apps/overview"),
    Token("work service token", r"\bCFPAT-[\w-]{43}", "CFPAT-",
          "https://www.contentful.com/developers/docs/references/authentication/"),
    Token("work service token", r"\brdme_[0-9a-z]{60,}",
          "rdme_", "https://docs.readme.com/main/reference/intro/authentication"),
    Token("work service token", r"\bduffel_(?:live|test)_[\w=-]{43}", "duffel_live_ duffel_test_",
          "https://duffel.com/docs/api/overview/authentication"),
    Token("map service token", r"\bsk\.eyJ[\w-]{20,}\.[\w-]{20,}",
          "sk.eyJ", "https://docs.mapbox.com/help/dive-deeper/access-tokens/", stated=True),
    Token("map service token", r"\b[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk\b", "_mmk",
          "https://support.maxmind.com/hc/en-us/articles/4407111582235-Generate-a-License-Key"),
    Token("device service key", r"\baio_[A-Za-z0-9]{28}\b", "aio_", "https://io.adafruit.com/api/docs/#authentication"),
    Token("creative service secret", r"\bp8e-[A-Za-z0-9]{32}", "p8e-",
          "https://developer.adobe.com/developer-console/docs/guides/authentication/"),
)  # fmt: skip


def by_kind() -> dict[str, str]:
    """Return one pattern for each kind."""
    found: dict[str, str] = {}
    for token in TOKENS:
        found[token.kind] = f"{found[token.kind]}|{token.pattern}" if token.kind in found else token.pattern
    return found
