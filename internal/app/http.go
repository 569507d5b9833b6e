package app

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
)

// HTTPClient returns a client like Go's default one. It uses the proxy in HTTPS_PROXY unless NO_PROXY names the
// host, and trusts the authorities of the system or of SSL_CERT_FILE. It also trusts
// those in NODE_EXTRA_CA_CERTS, with which companies configure self-hosted runners. Like
// node, it ignores a file that it cannot read: the path may exist only on the host, and
// not in the action's container.
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
