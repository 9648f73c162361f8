using System;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;

namespace Plimsoll.Server.Api;

/// <summary>A client did not read in time, and has lost its connection.</summary>
sealed class SlowReaderException() : OperationCanceledException("The client stopped reading.");

/// <summary>
/// Sends what is written, for as long as the client reads: one that leaves it unread loses its connection,
/// and what is behind it, an engine's place or an upstream's, is free again.
/// </summary>
static class SlowReader
{
    /// <exception cref="SlowReaderException">It did not read in time.</exception>
    public static async ValueTask FlushAsync(
        HttpContext context, PipeWriter pipe, TimeSpan patience, CancellationToken cancellation)
    {
        var flush = pipe.FlushAsync(cancellation);
        if (flush.IsCompleted)
        {
            await flush.ConfigureAwait(false);
            return;
        }
        try
        {
            await flush.AsTask().WaitAsync(patience, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            context.Abort();
            throw new SlowReaderException();
        }
    }
}
