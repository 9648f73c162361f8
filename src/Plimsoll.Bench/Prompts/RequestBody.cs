using System;
using System.Buffers;

namespace Plimsoll.Bench.Prompts;

/// <summary>The JSON of one request, in a rented buffer that goes back once the request has ended.</summary>
public readonly struct RequestBody(byte[] buffer, int length, string? apiKey)
{
    public ReadOnlyMemory<byte> Json => buffer.AsMemory(0, length);

    /// <summary>The key of the request's level; null for the endpoint's own.</summary>
    public string? ApiKey => apiKey;

    public void Release() => ArrayPool<byte>.Shared.Return(buffer);
}
