using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Metrics;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Twins;

namespace Plimsoll.Server.Api;

/// <summary>Health, version and metrics.</summary>
sealed class OperationEndpoints(
    Gate gate, ModelDirectory models, UpstreamEndpoints upstreams, string version)
{
    /// <summary>200 while requests are taken; 503 once the server drains, so that load balancers look
    /// elsewhere.</summary>
    public Task HealthAsync(HttpContext context)
    {
        context.Response.StatusCode = gate.IsDraining ? 503 : 200;
        return Task.CompletedTask;
    }

    public Task VersionAsync(HttpContext context) =>
        context.Response.WriteAsJsonAsync(new VersionBody(version), VersionJson.Default.VersionBody);

    public async Task MetricsAsync(HttpContext context)
    {
        gate.AuthenticateAdmin(context);
        var text = new PrometheusText();
        foreach (var model in models.Local)
            Write(text, model);
        foreach (var model in upstreams.All)
            Write(text, model);
        text.Gauge("plimsoll_requests_in_flight", "Requests being answered.", gate.Running);
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await context.Response.WriteAsync(text.ToString());
    }

    static void Write(PrometheusText text, UpstreamModel model)
    {
        var label = ("model_name", model.Name);
        foreach (var replica in model.Replicas)
        {
            text.Gauge(
                "plimsoll_upstream_requests", "Requests that an upstream is answering.", replica.Outstanding,
                    label,
                ("upstream", replica.Config.Url));
        }
        WriteTwins(text, model);
        var metrics = model.Metrics;
        text.Counter("vllm:prompt_tokens_total", "Prompt tokens taken in.", metrics.PromptTokens, label);
        text.Counter("vllm:generation_tokens_total", "Tokens generated.", metrics.GenerationTokens, label);
        text.Histogram(
            "vllm:time_to_first_token_seconds", "Arrival to first token.", metrics.TimeToFirstToken, label);
        text.Histogram(
            "vllm:inter_token_latency_seconds", "Gap between two tokens.", metrics.InterTokenLatency, label);
        text.Histogram("vllm:e2e_request_latency_seconds", "Arrival to last token.", metrics.EndToEnd, label);
        text.Gauge("llm_total_hourly_cost", "USD per hour of all replicas.", (double)model.UsdPerHour, label);
    }

    static void WriteTwins(PrometheusText text, UpstreamModel model)
    {
        if (model.Twins is not { } twins)
            return;
        text.Gauge("plimsoll_twin_lines_waiting", "Batch lines that wait for room.", twins.Waiting,
            ("model_name", model.Name));
        for (var i = 0; i < model.Replicas.Count; i++)
        {
            (string, string)[] labels =
                [("model_name", model.Name), ("upstream", model.Replicas[i].Config.Url)];
            Write(text, twins.Look(i, TwinFacts.Of), labels);
        }
    }

    static void Write(PrometheusText text, in TwinFacts twin, (string, string)[] labels)
    {
        if (twin.Error is { } error)
        {
            text.Gauge("plimsoll_twin_ttft_error_ratio",
                "Median of |predicted - observed| / observed over the last 512 first tokens.", error, labels);
        }
        text.Counter("plimsoll_twin_predictions_total", "First tokens predicted and seen.", twin.Predictions,
            labels);
        text.Gauge("plimsoll_twin_step_ratio", "Observed step time over the model's.", twin.Ratio, labels);
        text.Gauge("plimsoll_twin_requests_running", "Requests that the twin has running.", twin.Running,
            labels);
        text.Gauge("plimsoll_twin_requests_unseen", "Requests that the engine tells of and nobody here sent.",
            twin.Unseen, labels);
        text.Gauge("plimsoll_twin_batch_lines", "Batch lines out there.", twin.BatchLines, labels);
        text.Gauge("plimsoll_twin_step_seconds", "Mean observed step.", twin.MeanStepNs / 1e9, labels);
        text.Gauge("plimsoll_twin_return_seconds", "Way there and back beyond the steps, learnt.",
            twin.ReturnNs / 1e9, labels);
    }

    static void Write(PrometheusText text, LocalModel model)
    {
        var label = ("model_name", model.Name);
        var telemetry = model.Engine.Telemetry;
        var metrics = model.Metrics;
        text.Gauge("vllm:num_requests_running", "Requests in the running batch.", telemetry.Running, label);
        text.Gauge("vllm:num_requests_waiting", "Requests that wait.", telemetry.Waiting, label);
        text.Gauge("vllm:kv_cache_usage_perc", "KV blocks in use, 1 for all.", telemetry.KvUsage, label);
        text.Counter("vllm:prompt_tokens_total", "Prompt tokens taken in.", metrics.PromptTokens, label);
        text.Counter("vllm:generation_tokens_total", "Tokens generated.", metrics.GenerationTokens, label);
        text.Counter("vllm:num_preemptions_total", "Requests put out for want of KV blocks.",
            telemetry.Preemptions, label);
        text.Counter("vllm:prefix_cache_queries_total", "Tokens looked up in the prefix cache.",
            telemetry.PrefixQueriedTokens, label);
        text.Counter("vllm:prefix_cache_hits_total", "Tokens found there.", telemetry.PrefixHitTokens, label);
        text.Counter("vllm:request_success_total", "Requests by how they ended.", metrics.FinishedStop,
            label, ("finished_reason", "stop"));
        text.Counter("vllm:request_success_total", "", metrics.FinishedLength, label,
            ("finished_reason", "length"));
        text.Counter("vllm:request_success_total", "", metrics.FinishedAbort, label,
            ("finished_reason", "abort"));
        text.Histogram("vllm:time_to_first_token_seconds", "Arrival to first token.",
            metrics.TimeToFirstToken, label);
        text.Histogram("vllm:inter_token_latency_seconds", "Gap between two tokens.",
            metrics.InterTokenLatency, label);
        text.Histogram("vllm:request_time_per_output_token_seconds", "Mean gap of a request.",
            metrics.TimePerOutputToken, label);
        text.Histogram("vllm:e2e_request_latency_seconds", "Arrival to last token.", metrics.EndToEnd, label);
        text.Counter("plimsoll_promises_total", "Requests by whether their promise was kept.",
            metrics.PromisesKept, label, ("kept", "true"));
        text.Counter("plimsoll_promises_total", "", metrics.PromisesBroken, label, ("kept", "false"));
        text.Counter("plimsoll_engine_steps_total", "Engine steps.", telemetry.Steps, label);
        text.Counter("plimsoll_engine_busy_seconds_total", "Time spent in steps.", telemetry.BusyNs / 1e9,
            label);
        text.Gauge("llm_total_hourly_cost", "USD per hour of all its engine ranks.",
            (double)model.UsdPerHour, label);
    }
}
