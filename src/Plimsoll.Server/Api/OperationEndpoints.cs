using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Metrics;
using Plimsoll.Server.Serving;

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
