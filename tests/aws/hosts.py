"""The template for tests, made of template.yaml: its functions ask an Entra and a Graph of one's own. Production's template
has no parameter for that: whoever may change a stack's parameters could have all secrets sent elsewhere by it.

`hosts.py template.yaml` prints it."""

import sys
from pathlib import Path

PARAMETERS = """  TestLoginUrl:
    Type: String
    Default: ''
  TestGraphUrl:
    Type: String
    Default: ''
"""
VARIABLES = """          SOC_ANYWHERE_LOGIN_URL: !Ref TestLoginUrl
          SOC_ANYWHERE_GRAPH_URL: !Ref TestGraphUrl
          SOC_ANYWHERE_ALLOW_TEST_HOSTS: '1'
"""


def with_test_hosts(text):
    rules, variables = "\nRules:\n", "      Environment:\n        Variables:\n"
    assert text.count(rules) == 1 and text.count(variables) == 4
    return text.replace(rules, f"{PARAMETERS}{rules}").replace(variables, variables + VARIABLES)


if __name__ == "__main__":
    print(with_test_hosts(Path(sys.argv[1]).read_text()), end="")
