package redact

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Of a secret with fewer bytes only the plain text is replaced, because its encodings,
// such as %2F, occur everywhere.
const encodable = 4

// formsOf returns the encodings of a secret, and the encodings of these encodings: a log
// in JSON may contain a statement with doubled quotes.
func formsOf(secret string) (once, twice []string) {
	var encoded []string
	if len(secret) >= encodable {
		encoded = encode(secret)
	}
	twice = append([]string{secret}, encoded...)
	if !strings.ContainsAny(secret, "\r\n") {
		once = append(once, secret)
	}
	once = append(once, encoded...)
	for _, form := range encoded {
		twice = append(twice, encode(form)...)
	}
	for _, form := range base64Forms(secret) {
		once = append(once, form)
		twice = append(twice, form, percent(form, isUnreserved))
	}
	once = without(once, func(form string) bool { return strings.ContainsAny(form, "\r\n") })
	return unique(once), unique(twice)
}

// encode returns the encodings that differ from the text.
func encode(text string) []string {
	var forms []string
	for _, encoding := range encodings {
		if form := encoding(text); form != text {
			forms = append(forms, form)
		}
	}
	return unique(forms)
}

func without(list []string, drop func(string) bool) []string {
	var kept []string
	for _, s := range list {
		if !drop(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// encodings are the ways in which other text may contain a secret.
var encodings = []func(string) string{
	// SQL, and YAML in single quotes.
	double(`'`), double(`"`), double("`"),

	// URLs. Libraries differ in the characters that they leave unescaped.
	url.QueryEscape,
	url.PathEscape,
	func(s string) string { return percent(s, isUnreserved) },
	func(s string) string { return percent(s, isURIComponent) },
	func(s string) string { return percent(s, isUnreservedOrSlash) },
	func(s string) string { return lowerHex(url.QueryEscape(s)) },
	func(s string) string { return lowerHex(percent(s, isUnreserved)) },

	// JSON, Python's repr, C strings and SQL with backslashes.
	func(s string) string { return quoted(s, `"`, asItIs) },
	func(s string) string { return quoted(s, `'`, asItIs) },
	func(s string) string { return quoted(s, ``, asItIs) },
	func(s string) string { return quoted(s, `'"`, asItIs) },
	func(s string) string { return quoted(s, `"`, asUTF16) },
	func(s string) string { return quoted(s, `'`, asBytes) },
	goJSON,

	// HTML and XML: libraries agree on & and differ in how they escape quotes.
	html.EscapeString,
	strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace,
	strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace,
	strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace,
	strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;").Replace,
	strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace,

	// Shells: single quotes as written by sh and by Python's shlex, double quotes, no
	// quotes.
	strings.NewReplacer(`'`, `'\''`).Replace,
	strings.NewReplacer(`'`, `'"'"'`).Replace,
	strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace,
	unquotedWord,
}

func double(quote string) func(string) string {
	return strings.NewReplacer(quote, quote+quote).Replace
}

// percent encodes every byte for which kept returns false.
func percent(text string, kept func(byte) bool) string {
	var b strings.Builder
	for i := range len(text) {
		if kept(text[i]) {
			b.WriteByte(text[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", text[i])
		}
	}
	return b.String()
}

// isUnreserved reports whether RFC 3986 calls the character unreserved.
func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// isURIComponent reports whether JavaScript's encodeURIComponent leaves the character.
func isURIComponent(c byte) bool { return isUnreserved(c) || strings.IndexByte("!'()*", c) >= 0 }

// isUnreservedOrSlash reports whether Python's urllib.parse.quote leaves the character.
func isUnreservedOrSlash(c byte) bool { return isUnreserved(c) || c == '/' }

// lowerHex replaces %2F by %2f.
func lowerHex(encoded string) string {
	b := []byte(encoded)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:i+3], strings.ToLower(string(b[i:i+3])))
			i += 2
		}
	}
	return string(b)
}

// quoted escapes backslashes, these quotes and characters outside of printable ASCII.
func quoted(text, quotes string, other func(rune, string) string) string {
	var b strings.Builder
	for i, size := 0, 0; i < len(text); i += size {
		var c rune
		c, size = utf8.DecodeRuneInString(text[i:])
		switch {
		case c == '\\', c < utf8.RuneSelf && strings.ContainsRune(quotes, c):
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < ' ' || c == 0x7f:
			b.WriteString(control(c))
		case c < utf8.RuneSelf:
			b.WriteRune(c)
		default:
			b.WriteString(other(c, text[i:i+size]))
		}
	}
	return b.String()
}

// control returns \n for a line break, and \x1b for a character without a short form.
func control(c rune) string {
	return strings.Trim(strconv.QuoteRune(c), "'")
}

func asItIs(_ rune, text string) string { return text }

// asUTF16 writes JSON in ASCII as Python does.
func asUTF16(c rune, _ string) string {
	if c <= 0xffff {
		return fmt.Sprintf(`\u%04x`, c)
	}
	high, low := utf16.EncodeRune(c)
	return fmt.Sprintf(`\u%04x\u%04x`, high, low)
}

// asBytes writes bytes as Python's repr does.
func asBytes(_ rune, text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, `\x%02x`, text[i])
	}
	return b.String()
}

// goJSON returns JSON that is safe inside HTML, as Go writes it.
func goJSON(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		return text
	}
	return string(encoded[1 : len(encoded)-1])
}

// unquotedWord puts a backslash before each character that a shell would interpret.
func unquotedWord(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c < utf8.RuneSelf && !isUnreserved(c) && !strings.ContainsRune("@%+=:,/", rune(c)) {
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// base64Forms returns the traces of a secret in the base64 of a text that contains it,
// such as user:password, for each of the three offsets at which it can begin. They omit
// the characters whose bits it shares with its neighbours.
func base64Forms(secret string) []string {
	var forms []string
	for before := range 3 {
		padded := append(make([]byte, before), secret...)
		from, to := (before*8+5)/6, len(padded)*8/6
		for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if to-from >= partial {
				forms = append(forms, alphabet.EncodeToString(padded)[from:to])
			}
		}
	}
	return unique(forms)
}
