using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core.Promises;
using Plimsoll.Server.Configuration;
using Polly;
using Polly.CircuitBreaker;

namespace Plimsoll.Server.Gateway;

/// <summary>One engine behind the gateway: its connections, how much is out there, and whether it
/// answers.</summary>
public sealed class UpstreamReplica : IDisposable
{
    static readonly TimeSpan _connectTimeout = TimeSpan.FromSeconds(5);

    // Not HttpClient: its time limit, its address and its list of what is pending are ours already, and each
    // costs a request something.
    readonly HttpMessageInvoker _client;
    readonly Uri _base;
    readonly ConcurrentDictionary<string, Uri> _addresses = new(StringComparer.Ordinal);
    readonly ResiliencePipeline<HttpResponseMessage> _breaker;
    readonly CircuitBreakerStateProvider _state = new();
    const int MostTextBytes = 16 << 20;
    const int MostAddresses = 64;

    int _outstanding;

    public UpstreamReplica(UpstreamConfig config, TimeProvider time)
    {
        Config = config;
        IdleTimeout =
            TimeSpan.FromMilliseconds(PromiseText.Duration(config.IdleTimeout, "idle_timeout") / 1e6);
        _base = new Uri(config.Url.TrimEnd('/') + "/");
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectTimeout = _connectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxConnectionsPerServer = config.MaxConcurrency,
            AllowAutoRedirect = false,
            UseCookies = false,
        });
        _breaker = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                StateProvider = _state,
                FailureRatio = 0.5,
                MinimumThroughput = 4,
                SamplingDuration = TimeSpan.FromSeconds(10),
                BreakDuration = TimeSpan.FromSeconds(5),
                // A 500 is its answer to one request: who answers is there, and others' requests may do.
                ShouldHandle = new PredicateBuilder<HttpResponseMessage>()
                    .Handle<HttpRequestException>()
                    .Handle<TimeoutException>()
                    .HandleResult(response => (int)response.StatusCode is 502 or 503 or 504),
            })
            .Build();
    }

    public UpstreamConfig Config { get; }

    /// <summary>Time without a byte after which an answer counts as lost.</summary>
    public TimeSpan IdleTimeout { get; }

    /// <summary>Requests that are out there.</summary>
    public int Outstanding => Volatile.Read(ref _outstanding);

    /// <summary>Whether it answered of late when it was asked how it is.</summary>
    public bool IsHealthy { get; set; } = true;

    /// <summary>Whether it has failed too often of late to be asked.</summary>
    public bool IsBroken => _state.CircuitState == CircuitState.Open;

    public bool HasRoom => IsHealthy && Outstanding < Config.MaxConcurrency;

    /// <summary>Whether <c>/health</c> answers with success in time.</summary>
    public async Task<bool> IsAnsweringAsync(TimeSpan patience, CancellationToken cancellation)
    {
        using var response = await AskAsync(Config.HealthPath.TrimStart('/'), patience, cancellation);
        return response is { IsSuccessStatusCode: true };
    }

    /// <summary>Adapters that it holds: where they are by name, as it told last.</summary>
    public IReadOnlyDictionary<string, string> Adapters { get; private set; } =
        new Dictionary<string, string>();

    public void Hold(string adapter, string path) =>
        Adapters = new Dictionary<string, string>(Adapters) { [adapter] = path };

    /// <summary>Names that are served elsewhere: an adapter that it lists under one is not
    /// reached.</summary>
    internal Func<string, bool> IsTaken { get; set; } = _ => false;

    /// <summary>Asks which adapters it holds; false when it does not tell in time.</summary>
    public async Task<bool> ListAdaptersAsync(TimeSpan patience, CancellationToken cancellation)
    {
        if (await TextAsync("v1/models", patience, cancellation) is not { } text
            || AdapterList.Read(text) is not { } listed)
        {
            return false;
        }
        Adapters = listed.Where(one => !IsTaken(one.Key)).ToDictionary();
        return true;
    }

    /// <summary>What <c>/metrics</c> says; null when it says nothing in time.</summary>
    public Task<string?> MetricsAsync(TimeSpan patience, CancellationToken cancellation) =>
        TextAsync("metrics", patience, cancellation);

    async Task<string?> TextAsync(string path, TimeSpan patience, CancellationToken cancellation)
    {
        using var response = await AskAsync(path, patience, cancellation);
        if (response is not { IsSuccessStatusCode: true })
            return null;
        try
        {
            await response.Content.LoadIntoBufferAsync(MostTextBytes, cancellation)
                .WaitAsync(patience, cancellation);
            return await response.Content.ReadAsStringAsync(cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutException or System.IO.IOException)
        {
            return null;
        }
    }

    async Task<HttpResponseMessage?> AskAsync(string path, TimeSpan patience, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(patience);
        using var request = new HttpRequestMessage(HttpMethod.Get, AddressOf(path));
        if (Config.ApiKey is { } key)
            request.Headers.Authorization = new("Bearer", key);
        try
        {
            return await _client.SendAsync(request, limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>Counts a request out; dispose what is returned when its answer is over.</summary>
    public Place Enter()
    {
        Interlocked.Increment(ref _outstanding);
        return new Place(this);
    }

    /// <summary>
    /// Sends a request and waits for the answer's head, no longer than the idle timeout. Throws
    /// <see cref="BrokenCircuitException"/> while the replica has failed too often of late.
    /// </summary>
    public async Task<HttpResponseMessage> SendAsync(string path, ReadOnlyMemory<byte> body,
        CancellationToken cancellation)
    {
        return await _breaker.ExecuteAsync(async token =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, AddressOf(path))
            {
                Content = new ReadOnlyMemoryContent(body),
            };
            request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
            if (Config.ApiKey is { } key)
                request.Headers.Authorization = new("Bearer", key);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(token);
            patience.CancelAfter(IdleTimeout);
            try
            {
                return await _client.SendAsync(request, patience.Token);
            }
            catch (OperationCanceledException e) when (
                e.InnerException is TimeoutException && !token.IsCancellationRequested)
            {
                throw new HttpRequestException(HttpRequestError.ConnectionError,
                    $"{Config.Url} could not be connected to in {_connectTimeout.TotalSeconds:0} s.", e);
            }
            catch (OperationCanceledException) when (!token.IsCancellationRequested)
            {
                throw new TimeoutException(
                    $"{Config.Url} did not answer in {IdleTimeout.TotalSeconds:0.#} s.");
            }
        }, cancellation);
    }

    /// <summary>
    /// Where a path is at this replica. A client may spell one in many ways: so many are kept.
    /// </summary>
    Uri AddressOf(string path)
    {
        if (_addresses.TryGetValue(path, out var address))
            return address;
        address = new Uri(_base, path.TrimStart('/'));
        if (_addresses.Count < MostAddresses)
            _addresses[path] = address;
        return address;
    }

    public void Dispose() => _client.Dispose();

    public readonly struct Place(UpstreamReplica replica) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref replica._outstanding);
    }
}
