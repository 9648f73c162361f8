using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core.Models;
using Plimsoll.Core.Scheduling;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Metrics;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Twins;
using Polly.CircuitBreaker;

namespace Plimsoll.Server.Gateway;

/// <summary>
/// A model that other engines serve. A request's stable key picks its replica by weight, so that a
/// conversation stays where its prefix is and a canary's users stay the canary's; what is full, broken or
/// unreachable is passed over. A request is sent again only where no replica has taken it: none could be
/// connected to, or it said itself that it is unavailable.
/// </summary>
public sealed class UpstreamModel : IDisposable
{
    static readonly int[] _onlyOne = [0];
    static readonly TimeSpan _listPatience = TimeSpan.FromSeconds(2);

    readonly UpstreamReplica[] _replicas;
    readonly UpstreamMeter[] _meters;
    readonly UpstreamWatch[] _watches;
    readonly bool _hasEqualWeights = true;
    readonly TimeProvider _time;

    public UpstreamModel(
        string name, IReadOnlyList<UpstreamReplica> replicas, decimal usdPerHour, LedgerBook book,
        TimeProvider time, string? fallback, TwinOptions? twin = null)
    {
        Name = name;
        Fallback = fallback;
        Created = time.GetUtcNow();
        UsdPerHour = usdPerHour * replicas.Count;
        _replicas = [.. replicas];
        _meters = new UpstreamMeter[_replicas.Length];
        for (var i = 0; i < _meters.Length; i++)
            _meters[i] = new UpstreamMeter(book, book.AddEngine($"{name}/{i}", usdPerHour, Created), time);
        Metrics = new ModelMetrics(name);
        _time = time;
        Twins = twin is null ? null : new ModelTwins(twin, replicas.Count, Takes, time);
        _watches = new UpstreamWatch[_replicas.Length];
        for (var i = 0; i < _watches.Length; i++)
        {
            var index = i;
            _watches[i] = new UpstreamWatch(_replicas[i], Twins is not { } twins ? null
                : (running, waiting) => twins.Observe(index, running, waiting), time);
            _hasEqualWeights &= _replicas[i].Config.Weight == _replicas[0].Config.Weight;
        }
    }

    /// <summary>The replicas' twins; null where nothing is known of the engines.</summary>
    public ModelTwins? Twins { get; }

    public string Name { get; }

    /// <summary>What the engines compute, as far as a twin was told; null where none was.</summary>
    public ModelSpec? Served => Twins?.Options.StepTime.Deployment.Model;

    /// <summary>Model that is asked where no replica can be reached; null for none.</summary>
    public string? Fallback { get; }

    public DateTimeOffset Created { get; }

    public decimal UsdPerHour { get; }

    public ModelMetrics Metrics { get; }

    public IReadOnlyList<UpstreamReplica> Replicas => _replicas;

    /// <summary>Adapters that every replica is to hold: where they are by name.</summary>
    internal IReadOnlyDictionary<string, string> Wished { get; set; } = new Dictionary<string, string>();

    /// <summary>Adapters that requests may name: where they are by name.</summary>
    public IEnumerable<KeyValuePair<string, string>> Adapters =>
        _replicas.SelectMany(replica => replica.Adapters).Concat(Wished).DistinctBy(one => one.Key)
            .OrderBy(one => one.Key, StringComparer.Ordinal);

    /// <summary>Whether a replica holds an adapter, or is to.</summary>
    public bool Knows(string adapter)
    {
        foreach (var replica in _replicas)
        {
            if (replica.Adapters.ContainsKey(adapter))
                return true;
        }
        return Wished.ContainsKey(adapter);
    }

    /// <summary>Lines that wait for an adapter which nobody holds or wishes for any more wait no
    /// longer.</summary>
    internal void GiveUpUnknown() => Twins?.GiveUp(adapter => !Knows(adapter));

    /// <summary>Whether a replica is there and holds the adapter, if one is asked for.</summary>
    bool Takes(int index, string? adapter) => _replicas[index].IsHealthy
        && (adapter is null || _replicas[index].Adapters.ContainsKey(adapter));

    /// <summary>A request on its way: who answers it, and the answer's head.</summary>
    /// <param name="Began">Timestamp of the sending: latencies count from it.</param>
    public sealed record Sent(UpstreamReplica Replica, UpstreamMeter Meter, HttpResponseMessage Response,
        UpstreamReplica.Place Place, TwinTicket Twin, long Began)
        : IDisposable
    {
        public void Dispose()
        {
            Response.Dispose();
            Twin.Drop();
            Place.Dispose();
        }
    }

    /// <summary>Sends a request to the first replica that takes it; 503 when none does.</summary>
    /// <param name="path">The endpoint.</param>
    /// <param name="bodyFor">The body for a replica, which may know the model by another name.</param>
    /// <param name="key">Stable key of the conversation or user.</param>
    /// <param name="prompt">What a twin sees of it; null where none follows it.</param>
    /// <param name="adapter">The adapter that it is for; null for the model itself.</param>
    public async Task<Sent> SendAsync(
        string path, Func<UpstreamReplica, ReadOnlyMemory<byte>> bodyFor, string key, UpstreamPrompt? prompt,
        string? adapter, CancellationToken cancellation)
    {
        var why = "every weight is 0";
        var began = _time.GetTimestamp();
        foreach (var index in prompt is null ? Order(key) : Order(key, prompt))
        {
            if (WhyNot(_replicas[index], adapter) is { } reason)
            {
                why = reason;
                continue;
            }
            var twin = prompt is not null && Twins is { } twins ? twins.Send(index, prompt) : default;
            var (sent, failure) =
                await TrySendAsync(path, bodyFor, index, twin, adapter, began, cancellation);
            if (sent is not null)
                return sent;
            why = failure;
        }
        throw ApiException.Unavailable($"No replica of {Name} can answer: {why}.", "no_upstream");
    }

    /// <summary>Sends a batch line where its grant says; 503 when that replica does not take it.</summary>
    public async Task<Sent> SendAsync(
        string path, Func<UpstreamReplica, ReadOnlyMemory<byte>> bodyFor, BatchGrant grant, string? adapter,
        CancellationToken cancellation)
    {
        var (sent, why) = await TrySendAsync(
            path, bodyFor, grant.Replica, grant.Ticket, adapter, _time.GetTimestamp(), cancellation);
        return sent ?? throw ApiException.Unavailable($"{Name} cannot answer: {why}.", "no_upstream");
    }

    async Task<(Sent? Sent, string Why)> TrySendAsync(
        string path, Func<UpstreamReplica, ReadOnlyMemory<byte>> bodyFor, int index, TwinTicket twin,
        string? adapter, long began, CancellationToken cancellation)
    {
        var replica = _replicas[index];
        var place = replica.Enter();
        var isSent = false;
        string why;
        try
        {
            var response = await replica.SendAsync(path, bodyFor(replica), cancellation);
            isSent = (int)response.StatusCode is not (502 or 503)
                && !(response.StatusCode == HttpStatusCode.NotFound && adapter is not null
                    && await HasLostAsync(replica, adapter, cancellation));
            if (isSent)
                return (new Sent(replica, _meters[index], response, place, twin, began), "");
            why = $"{replica.Config.Url} answered {(int)response.StatusCode}";
            response.Dispose();
        }
        catch (BrokenCircuitException)
        {
            why = $"{replica.Config.Url} has failed too often";
        }
        catch (HttpRequestException e) when (IsUnsent(e))
        {
            why = $"{replica.Config.Url} cannot be reached ({e.HttpRequestError})";
        }
        catch (HttpRequestException e)
        {
            // It had the request, or some of it.
            throw new ApiException(502,
                $"{replica.Config.Url} broke off before it answered ({e.HttpRequestError}).", "server_error",
                null, "upstream_failed");
        }
        catch (TimeoutException e)
        {
            // It may be at work: to ask another would pay twice.
            throw new ApiException(504, e.Message, "server_error", null, "upstream_timeout");
        }
        finally
        {
            if (!isSent)
            {
                twin.Drop();
                place.Dispose();
            }
        }
        return (null, why);
    }

    /// <summary>Why a replica is passed over; null where it is not.</summary>
    static string? WhyNot(UpstreamReplica replica, string? adapter) =>
        !replica.IsHealthy ? $"{replica.Config.Url} does not answer at {replica.Config.HealthPath}"
        : !replica.HasRoom ? $"{replica.Config.Url} is full"
        : adapter is not null && !replica.Adapters.ContainsKey(adapter)
            ? $"{replica.Config.Url} does not hold {adapter}"
        : null;

    /// <summary>
    /// Whether a replica that answered 404 has begun anew without the adapter: then nothing was done there.
    /// </summary>
    static async Task<bool> HasLostAsync(
        UpstreamReplica replica, string adapter, CancellationToken cancellation) =>
        await replica.ListAdaptersAsync(_listPatience, cancellation)
            && !replica.Adapters.ContainsKey(adapter);

    /// <summary>Whether no connection came about, so that nothing of the request is anywhere.</summary>
    static bool IsUnsent(HttpRequestException e) => e.HttpRequestError is HttpRequestError.ConnectionError
        or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
        or HttpRequestError.ProxyTunnelError;

    /// <summary>Books what the last while has cost.</summary>
    public void PostEstimates()
    {
        for (var i = 0; i < _meters.Length; i++)
            _meters[i].Post(_replicas[i].Outstanding > 0);
    }

    /// <summary>Each replica's meter, and whether anything is out there.</summary>
    internal IEnumerable<(UpstreamMeter Meter, bool IsBusy)> Meters()
    {
        for (var i = 0; i < _meters.Length; i++)
            yield return (_meters[i], _replicas[i].Outstanding > 0);
    }

    /// <summary>Other gateways may send to the same engines: their time is split with them.</summary>
    internal void Share()
    {
        for (var i = 0; i < _meters.Length; i++)
            _meters[i].Engine.ShareAt(AddressOf(i));
    }

    /// <summary>
    /// What a twin sees of a request; null where there is none, or none that it could follow.
    /// </summary>
    public UpstreamPrompt? PromptOf(string path, JsonElement body) => Twins is not { } twins ? null
        : path == "/v1/embeddings" ? UpstreamPrompt.OfTexts(body, twins.BytesPerToken)
        : path.EndsWith("/completions", StringComparison.Ordinal) || path == "/v1/responses"
            ? UpstreamPrompt.Of(body, twins.BytesPerToken, twins.Options.Limits.PrefixBlockTokens, Served)
        : null;

    /// <summary>
    /// Refuses a request whose first token no replica is predicted to give in time, where its level says so.
    /// </summary>
    public void Admit(Level level, UpstreamPrompt? prompt, string? adapter)
    {
        if (prompt is null || level.Overload != Overload.Reject || level.TtftNs is not { } promiseNs)
            return;
        var soonestNs = long.MaxValue;
        var predicted = Twins!.Predict(prompt);
        for (var i = 0; i < predicted.Length; i++)
            soonestNs = Takes(i, adapter) ? Math.Min(soonestNs, predicted[i]) : soonestNs;
        // Nobody who is away can be overloaded: that is said when it is sent.
        if (soonestNs <= promiseNs || soonestNs == long.MaxValue)
            return;
        var wait = TimeSpan.FromMilliseconds((soonestNs - promiseNs) / 1e6);
        throw ApiException.Overloaded(
            FormattableString.Invariant($"The first token is predicted after {soonestNs / 1e6:0} ms; ")
            + FormattableString.Invariant($"promised are {promiseNs / 1e6:0} ms."), wait);
    }

    public void Dispose()
    {
        foreach (var watch in _watches)
            watch.Dispose();
        Twins?.Dispose();
        foreach (var replica in _replicas)
            replica.Dispose();
    }

    /// <summary>
    /// Replicas by predicted first token, the longest cached prefix against load: the home of the key goes
    /// first among equals. Where weights differ they decide, since a canary's users are to stay the canary's.
    /// </summary>
    IReadOnlyList<int> Order(string key, UpstreamPrompt prompt)
    {
        var homes = Order(key);
        if (Twins is null || !_hasEqualWeights || homes.Count < 2)
            return homes;
        var predicted = Twins.Predict(prompt);
        var order = new List<int>(homes);
        order.Sort((a, b) => predicted[a] != predicted[b]
            ? predicted[a].CompareTo(predicted[b]) : Place(homes, a).CompareTo(Place(homes, b)));
        return order;
    }

    /// <summary>
    /// Where an engine is, for all who may send to it: what is on this machine is on no other.
    /// </summary>
    string AddressOf(int index)
    {
        var url = new Uri(_replicas[index].Config.Url);
        return url.IsLoopback ? $"{url.AbsoluteUri} on {Environment.MachineName}" : url.AbsoluteUri;
    }

    static int Place(IReadOnlyList<int> order, int replica)
    {
        var place = 0;
        while (order[place] != replica)
            place++;
        return place;
    }

    /// <summary>
    /// Replicas by weighted rendezvous of the key: the first is its home, the next its second choice.
    /// </summary>
    internal IReadOnlyList<int> Order(string key)
    {
        if (_replicas.Length == 1 && _replicas[0].Config.Weight > 0)
            return _onlyOne;
        var order = new List<(double Score, int Index)>(_replicas.Length);
        for (var i = 0; i < _replicas.Length; i++)
        {
            var weight = _replicas[i].Config.Weight;
            if (weight > 0)
                order.Add((-Math.Log(StableHash.Unit(key, _replicas[i].Config.Url)) / weight, i));
        }
        order.Sort();
        return order.ConvertAll(entry => entry.Index);
    }
}
