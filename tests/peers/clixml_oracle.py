#!/usr/bin/env python3
"""Prints CLIXML documents as lines, one a leaf, with nothing but Python's standard library.

An independent decoder for the tests: it shares no code and no design with the Rust one. The rules are those of MS-PSRP
2.2.5 and of `clixml_to_json --lines`:

    PATH <tab> TAG <tab> JSON value

Usage: clixml_oracle.py FILE...          each file is a document, UTF-8 or UTF-16
       clixml_oracle.py --batch < JSONL  each line is {"id": ..., "xml": ...} or {"id": ..., "file": ...}; prints
                                         {"id": ..., "lines": [...]} or {"id": ..., "error": ...} for each
"""

import base64
import hashlib
import json
import re
import sys
import xml.etree.ElementTree as ElementTree

CONTAINERS = ("LST", "IE", "STK", "QUE", "DCT")
ESCAPE = re.compile("_[xX]([0-9a-fA-F]{4})_")


def unescape(text):
    """_xHHHH_ to characters; pairs of surrogates joined, a half of one replaced."""
    text = ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text or "")
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def local(element):
    return element.tag.rsplit("}", 1)[-1]


def quoted_controls(name):
    """A name in a path must not break its line."""
    control = "[\x00-\x1f\x7f-\x9f\u2028\u2029]"
    return re.sub(control, lambda match: "_x%04X_" % ord(match.group()), name)


class Walker:
    def __init__(self):
        self.lines = []
        self.types = {}
        self.paths = {}

    def emit(self, path, tag, value):
        self.lines.append("%s\t%s\t%s" % (path, tag, json.dumps(value)))

    def value(self, element, path):
        tag = local(element)
        if tag == "Obj":
            self.object(element, path)
        elif tag == "Ref":
            self.emit(path, "Ref", {"ref": self.paths.get(element.get("RefId"))})
        elif tag in CONTAINERS:
            self.container(element, path)
        else:
            self.emit(path, tag, self.leaf(element))

    def object(self, element, path):
        if element.get("RefId") is not None:
            self.paths[element.get("RefId")] = path
        for part in element:
            tag = local(part)
            if tag == "TN":
                names = [unescape(name.text) for name in part]
                self.types[part.get("RefId")] = names
                self.emit(path, "Types", names)
            elif tag == "TNRef":
                self.emit(path, "Types", self.types.get(part.get("RefId"), []))
            elif tag == "ToString":
                self.emit(path, "ToString", unescape(part.text))
            elif tag in ("Props", "MS"):
                for member in part:
                    name = quoted_controls(unescape(member.get("N")))
                    self.value(member, "%s/%s.%s" % (path, tag, name))
            elif tag in CONTAINERS:
                self.container(part, path)
            elif tag not in ("Obj", "Ref"):
                self.emit(path + "/value", tag, self.leaf(part))

    def container(self, element, path):
        here = "%s/%s" % (path, local(element))
        self.emit(here, "Count", len(element))
        for index, item in enumerate(element):
            if local(item) == "En":
                for side in item:
                    self.value(side, "%s[%d].%s" % (here, index, side.get("N")))
            else:
                self.value(item, "%s[%d]" % (here, index))

    @staticmethod
    def leaf(element):
        tag = local(element)
        if tag == "Nil":
            return None
        if tag == "BA":
            content = base64.b64decode(element.text or "")
            return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        if tag == "PR":
            return [[local(part), unescape(part.text)] for part in element]
        return unescape(element.text)


def decode(document):
    """Returns the lines of a document given as bytes."""
    try:
        roots = [ElementTree.fromstring(document)]
    except ElementTree.ParseError:
        # Several values may stand side by side, which XML itself does not know.
        text = document.decode("utf-8-sig")
        text = re.sub(r"^#< CLIXML\s*", "", text)
        text = re.sub(r"^<\?xml.*?\?>", "", text, flags=re.DOTALL)
        roots = list(ElementTree.fromstring("<Side>%s</Side>" % text))
    values = []
    for root in roots:
        values.extend(root if local(root) == "Objs" else [root])
    walker = Walker()
    for index, value in enumerate(values):
        walker.value(value, str(index))
    return walker.lines


def batch():
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"id": request["id"]}
        try:
            if "file" in request:
                with open(request["file"], "rb") as file:
                    document = file.read()
            else:
                document = request["xml"].encode("utf-8", "surrogatepass")
            answer["lines"] = decode(document)
        except (ElementTree.ParseError, ValueError) as error:
            answer["error"] = str(error)
        print(json.dumps(answer), flush=True)


def main():
    if sys.argv[1:] == ["--batch"]:
        batch()
        return
    for name in sys.argv[1:]:
        with open(name, "rb") as file:
            for line in decode(file.read()):
                print(line)


if __name__ == "__main__":
    main()
