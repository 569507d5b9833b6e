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

// A secret of fewer bytes is taken out as it is: its encodings, such as %2F, stand
// everywhere.
const encodable = 4

// formsOf returns the encodings of a secret, and those with the encodings of these:
// a statement with doubled quotes stands in a log as JSON.
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

// encodings are the ways in which a secret is written inside other text.
var encodings = []func(string) string{
	// SQL, and YAML in single quotes.
	double(`'`), double(`"`), double("`"),

	// URLs. Which characters are left as they are differs from library to library.
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

	// HTML and XML: libraries agree on & and differ in what they do with quotes.
	html.EscapeString,
	strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace,
	strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace,
	strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace,
	strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;").Replace,
	strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace,

	// Shells: single quotes as sh and as Python's shlex leave them, double quotes, none.
	strings.NewReplacer(`'`, `'\''`).Replace,
	strings.NewReplacer(`'`, `'"'"'`).Replace,
	strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace,
	unquotedWord,
}

func double(quote string) func(string) string {
	return strings.NewReplacer(quote, quote+quote).Replace
}

// percent encodes every byte that is not kept.
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

// isUnreserved is RFC 3986's.
func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// isURIComponent is what JavaScript's encodeURIComponent leaves.
func isURIComponent(c byte) bool { return isUnreserved(c) || strings.IndexByte("!'()*", c) >= 0 }

// isUnreservedOrSlash is what Python's urllib.parse.quote leaves.
func isUnreservedOrSlash(c byte) bool { return isUnreserved(c) || c == '/' }

// lowerHex writes %2f for %2F.
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

// quoted escapes backslashes, these quotes and what is no ASCII text.
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

// control writes \n, and \x1b for what has no name.
func control(c rune) string {
	return strings.Trim(strconv.QuoteRune(c), "'")
}

func asItIs(_ rune, text string) string { return text }

// asUTF16 is JSON in ASCII, as Python writes it.
func asUTF16(c rune, _ string) string {
	if c <= 0xffff {
		return fmt.Sprintf(`\u%04x`, c)
	}
	high, low := utf16.EncodeRune(c)
	return fmt.Sprintf(`\u%04x\u%04x`, high, low)
}

// asBytes is what Python's repr of bytes writes.
func asBytes(_ rune, text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, `\x%02x`, text[i])
	}
	return b.String()
}

// goJSON is JSON that is safe inside HTML, as Go writes it.
func goJSON(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		return text
	}
	return string(encoded[1 : len(encoded)-1])
}

// unquotedWord has a backslash before all that a shell would act on.
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

// base64Forms returns what a secret leaves in the base64 of a text that holds it,
// such as user:password, at each of the three places where it can begin. The bits
// that it shares with its neighbours are left out.
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
