package app

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
)

// HTTPClient is Go's own client, which asks the proxy of HTTPS_PROXY unless NO_PROXY
// names the host and trusts the system's authorities or SSL_CERT_FILE's. It also
// trusts those of NODE_EXTRA_CA_CERTS, by which self-hosted runners are told of a
// company's own. A file that can't be used is passed over, as node does: the path
// may be the host's, and mean nothing in the action's container.
func HTTPClient(getenv func(string) string) *http.Client {
	extra, errExtra := os.ReadFile(getenv("NODE_EXTRA_CA_CERTS"))
	authorities, errSystem := x509.SystemCertPool()
	if errExtra != nil || errSystem != nil || !authorities.AppendCertsFromPEM(extra) {
		return http.DefaultClient
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: authorities}
	return &http.Client{Transport: transport}
}
