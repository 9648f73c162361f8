using System;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Rollout;

/// <summary>
/// Sends copies of requests to a candidate as batch work, which the scheduler puts into the slack: a shadow
/// delays nobody. Its answers are looked at and thrown away; copies beyond a few at once are not sent.
/// </summary>
/// <param name="answer">Answers a body at the batch level, as JSON.</param>
public sealed class ShadowMirror(
    Func<string, JsonElement, Answerer, CancellationToken, Task<ReadOnlyMemory<byte>>> answer)
    : IAsyncDisposable
{
    const int MostAtOnce = 16;

    readonly CancellationTokenSource _stop = new();
    readonly SemaphoreSlim _places = new(MostAtOnce);

    /// <param name="endpoint">Path of the request, as <c>/v1/chat/completions</c>.</param>
    public void Mirror(RoutedRequest request, string endpoint, JsonElement body)
    {
        if (request.Shadowed is not { } candidate || !_places.Wait(0))
            return;
        var copy = body.Clone();
        _ = Task.Run(async () =>
        {
            try
            {
                var json = await answer(endpoint, copy, candidate, _stop.Token);
                request.Mirrored(new AnswerReport(Failed: false, null, null, AnswerText.Of(json.Span)));
            }
            catch (ApiException error)
            {
                if (error.Status >= 500)
                    request.Mirrored(new AnswerReport(Failed: true, null, null, null));
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The server stops.
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                request.Mirrored(new AnswerReport(Failed: true, null, null, null));
            }
            finally
            {
                _places.Release();
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        for (var i = 0; i < MostAtOnce; i++)
            await _places.WaitAsync(TimeSpan.FromSeconds(5));
        _stop.Dispose();
    }
}
