using System;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>TLS as operators have it: a file with the certificate and whoever signed it, and a key.</summary>
public sealed class TlsTests
{
    const string Torn = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    [Fact]
    public async Task Who_trusts_the_root_alone_is_answered()
    {
        using var folder = new TemporaryFolder();
        var root = Signed("root", null, days: 3);
        var middle = Signed("middle", root, days: 2);
        var leaf = Signed("localhost", middle, days: 1);
        folder.File("full.pem", leaf.ExportCertificatePem() + "\n" + middle.ExportCertificatePem());
        folder.File("key.pem", leaf.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        await using var server = await RunningServer.StartAsync(config =>
        {
            config.Listen = ["https://127.0.0.1:0"];
            config.Tls = new TlsConfig
            {
                Certificate = Path.Combine(folder.Path, "full.pem"),
                Key = Path.Combine(folder.Path, "key.pem"),
            };
        });
        var trust = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        trust.CustomTrustStore.Add(root);
        using var client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust },
        });
        var answer = await client.GetAsync(new Uri(server.Address, "/health"));
        answer.IsSuccessStatusCode.ShouldBeTrue();
    }

    [Theory]
    [InlineData(null, "cannot be read")]
    [InlineData("hello", "expected a certificate and its key")]
    [InlineData(Torn, "expected a certificate and its key")]
    public async Task A_file_that_is_no_certificate_is_said(string? content, string what)
    {
        using var folder = new TemporaryFolder();
        if (content is not null)
            folder.File("cert.pem", content);
        folder.File("key.pem", "hello");
        var bad = await Should.ThrowAsync<BadInputException>(() => RunningServer.StartAsync(config =>
        {
            config.Listen = ["https://127.0.0.1:0"];
            config.Tls = new TlsConfig
            {
                Certificate = Path.Combine(folder.Path, "cert.pem"),
                Key = Path.Combine(folder.Path, "key.pem"),
            };
        }));
        bad.Message.ShouldContain(what, Case.Insensitive);
        bad.Message.ShouldContain("cert.pem");
        bad.Message.ShouldNotContain("\n");
    }

    /// <param name="days">No more than who signs it has.</param>
    static X509Certificate2 Signed(string name, X509Certificate2? by, int days)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(name != "localhost", false, 0, critical: true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var (from, until) = (DateTimeOffset.UtcNow.AddDays(-days), DateTimeOffset.UtcNow.AddDays(days));
        if (by is null)
            return request.CreateSelfSigned(from, until);
        return request.Create(by, from, until, RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(key);
    }
}
