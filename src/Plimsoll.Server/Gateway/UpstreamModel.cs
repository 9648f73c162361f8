using System;
using System.Collections.Generic;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Metrics;
using Plimsoll.Server.Serving;
using Polly.CircuitBreaker;

namespace Plimsoll.Server.Gateway;

/// <summary>
/// A model that other engines serve. A request's stable key picks its replica by weight, so that a
/// conversation stays where its prefix is and a canary's users stay the canary's; what is full, broken or
/// unreachable is passed over. A request is sent again only where nothing of an answer has come back.
/// </summary>
public sealed class UpstreamModel : IDisposable
{
    readonly UpstreamReplica[] _replicas;
    readonly UpstreamMeter[] _meters;

    public UpstreamModel(
        string name, IReadOnlyList<UpstreamReplica> replicas, decimal usdPerHour, LedgerBook book,
        TimeProvider time, string? fallback)
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
    }

    public string Name { get; }

    /// <summary>Model that is asked where no replica can be reached; null for none.</summary>
    public string? Fallback { get; }

    public DateTimeOffset Created { get; }

    public decimal UsdPerHour { get; }

    public ModelMetrics Metrics { get; }

    public IReadOnlyList<UpstreamReplica> Replicas => _replicas;

    /// <summary>A request on its way: who answers it, and the answer's head.</summary>
    public sealed record Sent(UpstreamReplica Replica, UpstreamMeter Meter, HttpResponseMessage Response,
        UpstreamReplica.Place Place)
        : IDisposable
    {
        public void Dispose()
        {
            Response.Dispose();
            Place.Dispose();
        }
    }

    /// <summary>Sends a request to the first replica that takes it; 503 when none does.</summary>
    /// <param name="path">The endpoint.</param>
    /// <param name="bodyFor">The body for a replica, which may know the model by another name.</param>
    /// <param name="key">Stable key of the conversation or user.</param>
    public async Task<Sent> SendAsync(
        string path, Func<UpstreamReplica, ReadOnlyMemory<byte>> bodyFor, string key,
            CancellationToken cancellation)
    {
        var why = "every replica is full";
        foreach (var index in Order(key))
        {
            var replica = _replicas[index];
            if (!replica.HasRoom)
                continue;
            var place = replica.Enter();
            try
            {
                var response = await replica.SendAsync(path, bodyFor(replica), cancellation);
                if ((int)response.StatusCode is not (502 or 503))
                    return new Sent(replica, _meters[index], response, place);
                why = $"{replica.Config.Url} answered {(int)response.StatusCode}";
                response.Dispose();
            }
            catch (BrokenCircuitException)
            {
                why = $"{replica.Config.Url} has failed too often";
            }
            catch (HttpRequestException e)
            {
                why = $"{replica.Config.Url} cannot be reached ({e.HttpRequestError})";
            }
            catch (TimeoutException e)
            {
                place.Dispose();
                // It may be at work: to ask another would pay twice.
                throw new ApiException(504, e.Message, "server_error", null, "upstream_timeout");
            }
            catch (OperationCanceledException)
            {
                place.Dispose();
                throw;
            }
            place.Dispose();
        }
        throw ApiException.Unavailable($"No replica of {Name} can answer: {why}.", "no_upstream");
    }

    /// <summary>Books what the last while has cost.</summary>
    public void PostEstimates()
    {
        for (var i = 0; i < _meters.Length; i++)
            _meters[i].Post(_replicas[i].Outstanding > 0);
    }

    public void Dispose()
    {
        foreach (var replica in _replicas)
            replica.Dispose();
    }

    /// <summary>
    /// Replicas by weighted rendezvous of the key: the first is its home, the next its second choice.
    /// </summary>
    internal IReadOnlyList<int> Order(string key)
    {
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
