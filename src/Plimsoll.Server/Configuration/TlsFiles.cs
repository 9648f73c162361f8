using System;
using System.IO;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Plimsoll.Core;

namespace Plimsoll.Server.Configuration;

/// <summary>The certificate, its key and whoever signed it, from the PEM files that a configuration
/// names.</summary>
static class TlsFiles
{
    /// <exception cref="BadInputException">A file that is not there, or not what it should be.</exception>
    public static HttpsConnectionAdapterOptions Read(TlsConfig tls)
    {
        var certificates = Text(tls.Certificate, "certificate");
        var key = Text(tls.Key, "key");
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(certificates);
            return new HttpsConnectionAdapterOptions
            {
                ServerCertificate = X509Certificate2.CreateFromPem(certificates, key),
                ServerCertificateChain = chain,
            };
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new BadInputException($"tls: {tls.Certificate} and {tls.Key}: "
                + $"{e.Message.ReplaceLineEndings(" ")} Expected a certificate and its key, both PEM");
        }
    }

    static string Text(string file, string name)
    {
        const int MostBytes = 1 << 20;
        try
        {
            return new FileInfo(file).Length <= MostBytes
                ? File.ReadAllText(file)
                : throw new BadInputException($"tls: {name} {file}: larger than 1 MiB; expected PEM");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BadInputException($"tls: {name} {file}: cannot be read; expected a PEM file");
        }
    }
}
