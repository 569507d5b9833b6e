package forge

import (
	"cmp"
	"net/http"
	"slices"
)

// mostBytes limits an answer. It is larger than the longest page of GitHub, which has 100
// comments of 65,536 characters, and than any likely page of GitLab, whose comments may
// have a million characters but are mostly short.
const mostBytes = 128 << 20

// WithToken returns a client that adds the token to requests to these hosts. It uses only
// the transport and the timeout of the given client, which may be nil.
func WithToken(client *http.Client, token string, hosts ...string) *http.Client {
	with := *cmp.Or(client, http.DefaultClient)
	with.Transport = &bearer{next: cmp.Or(with.Transport, http.DefaultTransport), token: token, hosts: hosts}
	return &with
}

// bearer adds the token to requests, except to another host after a redirect: a proxy
// with a login page must not receive it.
type bearer struct {
	next  http.RoundTripper
	token string
	hosts []string
}

func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if slices.Contains(b.hosts, r.URL.Host) {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	answer, err := b.next.RoundTrip(r)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, mostBytes)
	}
	return answer, err
}
