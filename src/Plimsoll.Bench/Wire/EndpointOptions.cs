using System;
using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Bench.Wire;

/// <summary>Where requests go and how.</summary>
public sealed record EndpointOptions
{
    public required Uri BaseUrl { get; init; }

    public ApiKind Api { get; init; } = ApiKind.Chat;

    /// <summary>Path below the base URL; null for the interface's usual one.</summary>
    public string? Path { get; init; }

    public required string Model { get; init; }

    /// <summary>Sent as a bearer token; null for none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Whether a text can be sent as a bearer token: visible ASCII (RFC 9110, 5.5).</summary>
    public static bool IsKey(string text) => text.Length > 0 && text.All(c => c is > ' ' and <= '~');

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    public bool Http2 { get; init; }

    /// <summary>Whether a certificate that nobody vouches for is good enough.</summary>
    public bool TrustAnyCertificate { get; init; }

    /// <summary>From the send to the last byte, nanoseconds; what takes longer has failed.</summary>
    public long TimeoutNs { get; init; } = 600_000_000_000;

    /// <summary>Whether answers are streamed; without it the whole answer is one token in time.</summary>
    public bool Stream { get; init; } = true;

    /// <summary>Answers that each request asks for at once: <c>n</c> of its body.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>The address that requests are posted to.</summary>
    public Uri Address => Below(Path ?? Api switch
    {
        ApiKind.Chat => "v1/chat/completions",
        ApiKind.Completions => "v1/completions",
        _ => "v1/responses",
    });

    /// <summary>An address below the base URL, whose own <c>/v1</c> is not said twice.</summary>
    public Uri Below(string path)
    {
        var root = BaseUrl.AbsoluteUri.TrimEnd('/');
        path = path.TrimStart('/');
        if (root.EndsWith("/v1", StringComparison.Ordinal))
            root = root[..^3];
        return new Uri($"{root}/{path}");
    }
}
