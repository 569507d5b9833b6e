package mysql

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	driver "github.com/go-sql-driver/mysql"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// encrypt follows MySQL's connector for Python: it uses TLS if the server supports it,
// unless TLS is disabled, and verifies the certificate only if the settings ask for that.
func encrypt(config *driver.Config, s connect.Settings, host string) error {
	disabled, errDisabled := s.Flag("ssl_disabled")
	verify, errVerify := s.Flag("ssl_verify_cert")
	identity, errIdentity := s.Flag("ssl_verify_identity")
	if err := errors.Join(errDisabled, errVerify, errIdentity); err != nil || disabled {
		return err
	}
	authority := s.Path("ssl_ca")
	if authority == "" && !verify && !identity {
		config.TLSConfig = "preferred"
		return nil
	}
	roots, err := authorities(authority)
	if err != nil {
		return err
	}
	config.TLS = verifying(roots, host, identity)
	config.AllowCleartextPasswords = true // for an IAM token, only to a verified server
	certificate, key := s.Path("ssl_cert"), s.Path("ssl_key")
	if certificate == "" && key == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return fmt.Errorf("ssl_cert and ssl_key: %w", err)
	}
	config.TLS.Certificates = []tls.Certificate{pair}
	return nil
}

// authorities returns the authorities in a file, or nil for the system's.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("ssl_ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("ssl_ca: there is no certificate in %s; expected a PEM file; see "+docs.Warehouses, file)
	}
	return roots, nil
}

// verifying accepts a certificate that one of the authorities signed, for this host or,
// without identity, for any host.
func verifying(roots *x509.CertPool, host string, identity bool) *tls.Config {
	config := &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12}
	if identity {
		return config
	}
	config.InsecureSkipVerify = true // VerifyConnection checks everything except the name
	config.VerifyConnection = func(state tls.ConnectionState) error {
		intermediates := x509.NewCertPool()
		for _, certificate := range state.PeerCertificates[1:] {
			intermediates.AddCert(certificate)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates})
		return err
	}
	return config
}
