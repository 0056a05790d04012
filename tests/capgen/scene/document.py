"""YAML with line numbers: every value knows where it stands, so every error can say so.

All scalars are text until somebody asks for a number: `no`, `0x4D` or `1e3` in a SQL text stay what they are.
"""

import re

import yaml

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(us|ms|s|m|h)$")
_UNITS = {"us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
          "h": 3_600_000_000_000}
_NULLS = ("null", "NULL", "~", "")


class ScenarioError(Exception):
    """Bad input: file, line and what is wrong with it."""

    def __init__(self, path, line, message):
        super().__init__("%s:%d: %s" % (path, line, message))


class Value:
    """One YAML node."""

    def __init__(self, node, path):
        self._node = node
        self.path = path
        self.line = node.start_mark.line + 1

    def fail(self, message):
        raise ScenarioError(self.path, self.line, message)

    def map(self, allowed, required=()):
        """A mapping as a dict; unknown and missing keys are errors, with the list of known ones."""
        if not isinstance(self._node, yaml.MappingNode):
            self.fail("expected `key: value` lines")
        out = {}
        for key_node, value_node in self._node.value:
            key = key_node.value
            if key not in allowed:
                Value(key_node, self.path).fail("unknown key `%s`; known here: %s"
                                                % (key, ", ".join(sorted(allowed))))
            if key in out:
                Value(key_node, self.path).fail("key `%s` stands twice" % key)
            out[key] = Value(value_node, self.path)
        for key in required:
            if key not in out:
                self.fail("key `%s` is missing" % key)
        return out

    def named(self):
        """A mapping of free names to values."""
        if not isinstance(self._node, yaml.MappingNode):
            self.fail("expected `name: {...}` lines")
        return [(key.value, Value(value, self.path)) for key, value in self._node.value]

    def keys(self):
        return [k.value for k, _v in self._node.value] if isinstance(
            self._node, yaml.MappingNode) else []

    def is_list(self):
        return isinstance(self._node, yaml.SequenceNode)

    def is_map(self):
        return isinstance(self._node, yaml.MappingNode)

    def list(self):
        if not self.is_list():
            self.fail("expected a list")
        return [Value(node, self.path) for node in self._node.value]

    def text(self):
        if not isinstance(self._node, yaml.ScalarNode):
            self.fail("expected a text")
        return self._node.value

    def cell(self):
        """A text, or None for an unquoted null."""
        text = self.text()
        return None if self._node.style is None and text in _NULLS else text

    def integer(self, low=0, high=2**63 - 1):
        try:
            number = int(self.text())
        except ValueError:
            self.fail("expected a whole number, got %r" % self.text())
        if not low <= number <= high:
            self.fail("%d is outside of %d..%d" % (number, low, high))
        return number

    def flag(self):
        words = {"yes": True, "true": True, "no": False, "false": False}
        if self.text() not in words:
            self.fail("expected yes or no, got %r" % self.text())
        return words[self.text()]

    def duration(self):
        """Nanoseconds from `250us`, `2ms`, `1.5s`, `5m`, `1h`."""
        found = _DURATION.match(self.text())
        if not found:
            self.fail("expected a duration such as 500ms, 2s or 5m, got %r" % self.text())
        return round(float(found.group(1)) * _UNITS[found.group(2)])

    def choice(self, words):
        if self.text() not in words:
            self.fail("expected one of %s, got %r" % (", ".join(words), self.text()))
        return self.text()


def read(path):
    """The root value of a YAML file."""
    try:
        with open(path, encoding="utf-8") as stream:
            node = yaml.compose(stream, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ScenarioError(path, mark.line + 1 if mark else 1, error.problem) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScenarioError(path, 1, str(error)) from None
    if node is None:
        raise ScenarioError(path, 1, "the file is empty")
    return Value(node, path)
