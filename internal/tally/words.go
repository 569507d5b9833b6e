package tally

import (
	"strconv"
	"strings"
)

// minus is the sign of a number below zero: U+2212.
const minus = "−"

// number writes n with thousands separators.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = minus, digits[1:]
	}
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return sign + b.String()
}

// signed writes n with its sign, also where it is above zero.
func signed(n int64) string {
	if n > 0 {
		return "+" + number(n)
	}
	return number(n)
}

// decimal writes a value that is above a limit with one digit after the point, or
// as many as it takes to be seen above it, and not to pass for 100 where it isn't.
func decimal(value, limit float64) string {
	for digits := 1; ; digits++ {
		text := strconv.FormatFloat(value, 'f', digits, 64)
		shown, _ := strconv.ParseFloat(text, 64) // it was written by the line above
		if shown == value || shown > limit && shown != 100 {
			return text
		}
	}
}
