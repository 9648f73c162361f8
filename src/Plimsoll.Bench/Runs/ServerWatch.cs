using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Http;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// Reads the endpoint's <c>/metrics</c> before the load, once a second during it, and after it.
/// </summary>
sealed class ServerWatch
{
    const int MostBytes = 1 << 24;
    static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    readonly Endpoint _endpoint;
    readonly CancellationTokenSource _end = new();
    readonly Dictionary<string, double> _before;
    readonly Task _watching;
    double _running;
    double _waiting;
    double? _mostKv;
    int _looks;

    ServerWatch(Endpoint endpoint, Dictionary<string, double> before)
    {
        (_endpoint, _before) = (endpoint, before);
        _watching = Task.Run(Watch);
    }

    /// <summary>Null when the endpoint shows no metrics of vLLM's names.</summary>
    public static async Task<ServerWatch?> Start(Endpoint endpoint, CancellationToken stop) =>
        await Read(endpoint, stop).ConfigureAwait(false) is { } metrics
            ? new ServerWatch(endpoint, metrics) : null;

    public async Task<ServerReport?> Finish()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        if (await Read(_endpoint, limit.Token).ConfigureAwait(false) is not { } after)
            return null;
        return new ServerReport
        {
            PromptTokens = Growth("vllm:prompt_tokens_total"),
            GenerationTokens = Growth("vllm:generation_tokens_total"),
            PrefixCacheHitShare = Growth("vllm:prefix_cache_queries_total") is > 0 and var queries
                ? Growth("vllm:prefix_cache_hits_total") / queries : null,
            Preemptions = Growth("vllm:num_preemptions_total"),
            MeanRunning = _looks > 0 ? _running / _looks : null,
            MeanWaiting = _looks > 0 ? _waiting / _looks : null,
            MostKvCacheUsage = _mostKv,
            MeanTtftMs = Mean("vllm:time_to_first_token_seconds"),
            MeanQueueMs = Mean("vllm:request_queue_time_seconds"),
        };

        // A counter that fell was begun anew: its engine was.
        double? Growth(string name) =>
            after.TryGetValue(name, out var now) && now >= _before.GetValueOrDefault(name)
                ? now - _before.GetValueOrDefault(name) : null;

        double? Mean(string name) =>
            Growth(name + "_count") is > 0 and var count ? 1000 * Growth(name + "_sum") / count : null;
    }

    async Task Watch()
    {
        while (!_end.IsCancellationRequested)
        {
            await Task.Delay(Period, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_end.IsCancellationRequested
                || await Read(_endpoint, _end.Token).ConfigureAwait(false) is not { } now)
            {
                continue;
            }
            _looks++;
            _running += now.GetValueOrDefault("vllm:num_requests_running");
            _waiting += now.GetValueOrDefault("vllm:num_requests_waiting");
            if (now.TryGetValue("vllm:kv_cache_usage_perc", out var kv))
                _mostKv = Math.Max(_mostKv ?? 0, kv);
        }
    }

    static async Task<Dictionary<string, double>?> Read(Endpoint endpoint, CancellationToken stop)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(Patience);
            using var response = await endpoint.Ask(HttpMethod.Get, "metrics", default,
                limit.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                return null;
            using var stream = await response.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
            if (await BoundedBody.Read(stream, MostBytes, limit.Token).ConfigureAwait(false) is not { } text)
                return null;
            var metrics = PrometheusText.Read(Encoding.UTF8.GetString(text));
            return metrics.ContainsKey("vllm:num_requests_running") ? metrics : null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            return null;
        }
    }
}
