using System;
using System.Buffers;
using System.Collections.Concurrent;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;

namespace Plimsoll.Bench.Wire;

/// <summary>
/// An OpenAI-compatible endpoint. A stamp is taken when a read returns, before its bytes are looked at, and
/// holds for every event in them.
/// </summary>
public sealed class Endpoint : IDisposable
{
    const int MostErrorBytes = 1 << 12;

    /// <summary>Of an answer that is not streamed: a million tokens, and pictures in it.</summary>
    const int MostAnswerBytes = 1 << 26;

    /// <summary>Pieces of an answer beyond a multiple of what was asked for, and where nothing was.</summary>
    const int SparePieces = 1 << 14;
    const int MostUnaskedPieces = 1 << 20;

    readonly HttpMessageInvoker _invoker;
    readonly Uri _address;
    readonly RunClock _clock;
    readonly ConcurrentBag<SseReader> _readers = [];
    volatile bool _answered;

    public Endpoint(EndpointOptions options, RunClock clock)
    {
        Options = options;
        _address = options.Address;
        _clock = clock;
        var handler = new SocketsHttpHandler
        {
            MaxConnectionsPerServer = int.MaxValue,
            EnableMultipleHttp2Connections = true,
            UseCookies = false,
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            // Uvicorn and cpp-httplib close idle connections after 5 s: one that is sent on just then fails.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4),
            ConnectTimeout = TimeSpan.FromSeconds(30),
        };
        if (options.TrustAnyCertificate)
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        _invoker = new HttpMessageInvoker(handler);
    }

    public EndpointOptions Options { get; }

    /// <summary>Whether the head of any answer has come, of whatever status.</summary>
    public bool HasAnswered => _answered;

    /// <summary>
    /// Sends one request and reads its answer into <paramref name="record"/>. Never throws.
    /// </summary>
    /// <param name="body">Its JSON.</param>
    /// <param name="record">Scheduled and lengths are filled in; the rest is filled here.</param>
    /// <param name="apiKey">In place of the endpoint's own; null for that.</param>
    /// <param name="stop">Ends the run.</param>
    public async Task Send(ReadOnlyMemory<byte> body, RequestRecord record, string? apiKey,
        CancellationToken stop)
    {
        record.DispatchedNs = _clock.NowNs;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timeout.CancelAfter(TimeSpan.FromMilliseconds(Options.TimeoutNs / 1e6));
        var content = new RequestContent(body);
        try
        {
            using var request = Request(HttpMethod.Post, _address, apiKey);
            request.Content = content;
            using var response = await _invoker.SendAsync(request, timeout.Token).ConfigureAwait(false);
            _answered = true;
            record.SentNs = Sent(content);
            record.Status = (int)response.StatusCode;
            await Read(response, record, timeout.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever an answer brings about costs that answer and never the run.
            record.SentNs = Sent(content);
            Fail(record, e, stop.IsCancellationRequested);
        }
        record.EndNs = _clock.NowNs;
        UsageFaults.Check(record, body.Length, Options.Choices);
        Settle(record);
    }

    /// <summary>Gets or posts something beside the load; the caller disposes the response.</summary>
    public async Task<HttpResponseMessage> Ask(
        HttpMethod method, string path, ReadOnlyMemory<byte> body, CancellationToken stop)
    {
        using var request = Request(method, Options.Below(path), apiKey: null);
        if (method == HttpMethod.Post)
            request.Content = new RequestContent(body);
        var response = await _invoker.SendAsync(request, stop).ConfigureAwait(false);
        _answered = true;
        return response;
    }

    public void Dispose() => _invoker.Dispose();

    long Sent(RequestContent content) => content.SentStamp == 0 ? 0 : _clock.Since(content.SentStamp);

    HttpRequestMessage Request(HttpMethod method, Uri address, string? apiKey)
    {
        var request = new HttpRequestMessage(method, address)
        {
            Version = Options.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if ((apiKey ?? Options.ApiKey) is { } key)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        foreach (var (name, value) in Options.Headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    async Task Read(HttpResponseMessage response, RequestRecord record, CancellationToken stop)
    {
        if (record.Status is < 200 or > 299)
        {
            await Refused(response, record, stop).ConfigureAwait(false);
            return;
        }
        var type = response.Content.Headers.ContentType?.MediaType;
        if (ErrorText.OfPacking(response) is { } packed)
        {
            Fail(record, FailureKind.NotEvents, packed);
            return;
        }
        using var stream = await response.Content.ReadAsStreamAsync(stop).ConfigureAwait(false);
        if (Is(type, "text/event-stream"))
            await ReadEvents(stream, record, stop).ConfigureAwait(false);
        else if (Is(type, "application/json") && !Options.Stream)
            await ReadWhole(stream, record, stop).ConfigureAwait(false);
        else
            await FailUnread(stream, type, record, stop).ConfigureAwait(false);
    }

    /// <summary>What came in place of an answer may say why.</summary>
    async Task FailUnread(Stream stream, string? type, RequestRecord record, CancellationToken stop)
    {
        var said = Is(type, "application/json") ? await Said(stream, stop).ConfigureAwait(false) : "";
        Fail(record, FailureKind.NotEvents, $"content type {type ?? "none"}; expected {Expected()}"
            + (said.Length > 0 ? $"; it said: {said}" : ""));
    }

    /// <summary>Case means nothing in a media type (RFC 9110, 8.3.1).</summary>
    static bool Is(string? type, string expected) =>
        string.Equals(type, expected, StringComparison.OrdinalIgnoreCase);

    string Expected() => Options.Stream ? "text/event-stream" : "application/json";

    async Task ReadEvents(Stream stream, RequestRecord record, CancellationToken stop)
    {
        if (!_readers.TryTake(out var events))
            events = new SseReader();
        events.Clear();
        var answer = new AnswerState();
        var most = MostPieces(record.AskedOutputTokens);
        while (true)
        {
            var read = await stream.ReadAsync(events.Room(), stop).ConfigureAwait(false);
            var now = _clock.NowNs;
            if (read == 0)
            {
                if (events.TryTakeRest(out var rest))
                    answer.Take(rest, now, record);
                break;
            }
            events.Came(read);
            while (events.TryTake(out var data))
                answer.Take(data, now, record);
            if (answer.IsOver || record.Failure != FailureKind.None)
                break;
            if (record.Chunks > most)
            {
                Fail(record, FailureKind.Overlong, $"more than {most} pieces of an answer of "
                    + $"{record.AskedOutputTokens} tokens at most");
                break;
            }
            if (events.IsTooLong)
            {
                Fail(record, FailureKind.Malformed, $"an event of more than {SseReader.MostBytes} bytes");
                return;
            }
        }
        answer.End(record);
        _readers.Add(events);
    }

    async Task ReadWhole(Stream stream, RequestRecord record, CancellationToken stop)
    {
        if (await BoundedBody.Read(stream, MostAnswerBytes, stop).ConfigureAwait(false) is not { } whole)
        {
            Fail(record, FailureKind.Malformed, $"an answer of more than {MostAnswerBytes} bytes");
            return;
        }
        var now = _clock.NowNs;
        var answer = new AnswerState();
        answer.TakeWhole(whole, now, record);
        answer.End(record);
    }

    /// <summary>
    /// More than any server sends that merely miscounts: what an endless answer may take of the memory.
    /// </summary>
    long MostPieces(int asked) => asked > 0 ? SparePieces + (16L * asked * Options.Choices)
        : MostUnaskedPieces;

    static async Task Refused(HttpResponseMessage response, RequestRecord record, CancellationToken stop)
    {
        var kind = record.Status switch
        {
            401 or 403 => FailureKind.Unauthorised,
            404 => FailureKind.NotFound,
            429 => FailureKind.RateLimited,
            >= 500 => FailureKind.ServerError,
            _ => FailureKind.Refused,
        };
        if (ErrorText.OfRedirect(response) is { } elsewhere)
        {
            Fail(record, kind, elsewhere);
            return;
        }
        using var stream = await response.Content.ReadAsStreamAsync(stop).ConfigureAwait(false);
        var said = await Said(stream, stop).ConfigureAwait(false);
        Fail(record, kind, said.Length == 0 ? $"HTTP {record.Status} without a word"
            : $"HTTP {record.Status}: {said}");
    }

    /// <summary>What the beginning of a body says of an error.</summary>
    static async Task<string> Said(Stream stream, CancellationToken stop)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MostErrorBytes);
        try
        {
            var read = await stream.ReadAtLeastAsync(
                buffer.AsMemory(0, MostErrorBytes), MostErrorBytes, false, stop).ConfigureAwait(false);
            return ErrorText.Of(buffer.AsSpan(0, read));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    static void Fail(RequestRecord record, FailureKind kind, string message) =>
        (record.Failure, record.Message) = (kind, message);

    /// <summary>
    /// What an exception means; one that comes once the run is being stopped means nothing.
    /// </summary>
    void Fail(RequestRecord record, Exception e, bool stopped)
    {
        if (stopped)
        {
            Fail(record, FailureKind.Cancelled, "the run was stopped");
        }
        else if (e is OperationCanceledException)
        {
            Fail(record, FailureKind.TimedOut, $"no whole answer within {Options.TimeoutNs / 1e9:0.###} s");
        }
        else if (e is JsonException)
        {
            Fail(record, FailureKind.Malformed, "an event that is no JSON of a chunk");
        }
        else if (e is not (HttpRequestException or IOException or SocketException))
        {
            Fail(record, FailureKind.Malformed,
                $"an answer that cannot be read: {ErrorText.OneLine($"{e.GetType().Name}: {e.Message}")}");
        }
        else if (record.Status == 0 && e is HttpRequestException { HttpRequestError: var error }
            && IsUnreachable(error))
        {
            var root = Root(e);
            Fail(record, FailureKind.Unreachable, ErrorText.OneLine(root.Message)
                + (root is AuthenticationException
                    ? "; expected one that this machine trusts, or `plimsoll bench --insecure`" : ""));
        }
        else
        {
            Fail(record, FailureKind.Disconnected, ErrorText.OneLine(Root(e).Message));
        }
    }

    static bool IsUnreachable(HttpRequestError error) => error is HttpRequestError.ConnectionError
        or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
        or HttpRequestError.VersionNegotiationError;

    static Exception Root(Exception e)
    {
        while (e.InnerException is { } inner)
            e = inner;
        return e;
    }

    /// <summary>A request that never came to a count of tokens has the chunks that came.</summary>
    static void Settle(RequestRecord record)
    {
        if (record.OutputTokens == 0)
            record.OutputTokens = record.Chunks;
        if (record.PromptTokens == 0)
            record.PromptTokens = record.AskedPromptTokens;
    }
}
