using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Plimsoll.Bench.Wire;

/// <summary>A body read to its end, if that comes before a stated size.</summary>
static class BoundedBody
{
    /// <summary>Null when there is more.</summary>
    public static async Task<byte[]?> Read(Stream stream, int mostBytes, CancellationToken stop)
    {
        using var whole = new MemoryStream();
        var buffer = new byte[1 << 14];
        while (true)
        {
            var read = await stream.ReadAsync(buffer, stop).ConfigureAwait(false);
            if (read == 0)
                return whole.ToArray();
            if (whole.Length + read > mostBytes)
                return null;
            whole.Write(buffer.AsSpan(0, read));
        }
    }
}
