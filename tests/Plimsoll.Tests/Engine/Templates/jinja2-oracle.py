"""Renders a corpus of chat templates as Hugging Face's transformers does, with Jinja2 itself."""
import json, sys, datetime
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2 import nodes

class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        lineno = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.Scope(body, lineno=lineno)

def raise_exception(message):
    raise TemplateError(message)

def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

def strftime_now(format):
    return datetime.datetime(2026, 11, 26, 12, 0, 0).strftime(format)

def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = strftime_now
    return env

# Usage: jinja2-oracle.py CORPUS > RENDERED. A corpus is {"data": {...}, "cases": [{"name", "template", "data"?}]}; each
# case gets what Jinja2 makes of it, "expected" or "error".
corpus = json.load(open(sys.argv[1]))
env = environment()
for case in corpus["cases"]:
    case.pop("expected", None)
    case.pop("error", None)
    try:
        case["expected"] = env.from_string(case["template"]).render(**case.get("data", corpus.get("data", {})))
    except Exception as e:
        case["error"] = type(e).__name__ + ": " + str(e)
json.dump(corpus, sys.stdout, ensure_ascii=False, indent=1)
