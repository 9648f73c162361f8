using System.Globalization;
using Plimsoll.Server.Cascade;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Metrics;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Twins;

namespace Plimsoll.Server.Api;

/// <summary>
/// What <c>/metrics</c> says of a model: vLLM's names, buckets and labels where they mean the same thing, and
/// our own for the rest. What is not known of an upstream (its queue, its cache) is left to its own page.
/// </summary>
static class MetricsPage
{
    public static void Write(PrometheusText text, LocalModel model)
    {
        var label = ("model_name", model.Name);
        var telemetry = model.Engine.Telemetry;
        text.Gauge("vllm:num_requests_running", "Requests in the running batch.", telemetry.Running, label);
        text.Gauge("vllm:num_requests_waiting", "Requests that wait.", telemetry.Waiting, label);
        text.Gauge("vllm:kv_cache_usage_perc", "KV blocks in use, 1 for all.", telemetry.KvUsage, label);
        WriteCacheConfig(text, model);
        text.Counter("vllm:num_preemptions_total", "Requests put out for want of KV blocks.",
            telemetry.Preemptions, label);
        text.Counter("vllm:prefix_cache_queries_total", "Tokens looked up in the prefix cache.",
            telemetry.PrefixQueriedTokens, label);
        text.Counter("vllm:prefix_cache_hits_total", "Tokens found there.", telemetry.PrefixHitTokens, label);
        var metrics = model.Metrics;
        text.Histogram("vllm:iteration_tokens_total", "Tokens of each engine step.", metrics.StepTokens,
            label);
        text.Histogram("vllm:request_queue_time_seconds", "Arrival to first step.", metrics.QueueTime, label);
        text.Histogram("vllm:request_prefill_time_seconds", "First step to first token.",
            metrics.PrefillTime, label);
        text.Histogram("vllm:request_decode_time_seconds", "First token to last.", metrics.DecodeTime, label);
        text.Histogram("vllm:request_inference_time_seconds", "First step to last token.",
            metrics.InferenceTime, label);
        WriteRequests(text, metrics, label);
        text.Counter("plimsoll_engine_steps_total", "Engine steps.", telemetry.Steps, label);
        text.Counter("plimsoll_engine_busy_seconds_total", "Time spent in steps.", telemetry.BusyNs / 1e9,
            label);
        text.Gauge("llm_total_hourly_cost", "USD per hour of all its engine ranks.",
            (double)model.UsdPerHour, label);
        if (model.Steps?.Last?.MedianError is { } error)
        {
            text.Gauge("plimsoll_ledger_shapley_error_ratio",
                "Median of |billed - Shapley| / Shapley over the last audit's requests.", error, label);
        }
    }

    public static void Write(PrometheusText text, UpstreamModel model)
    {
        var label = ("model_name", model.Name);
        foreach (var replica in model.Replicas)
        {
            (string, string)[] labels = [label, ("upstream", replica.Config.Url)];
            text.Gauge("plimsoll_upstream_requests", "Requests that an upstream is answering.",
                replica.Outstanding, labels);
            text.Gauge("plimsoll_upstream_healthy", "1 while it answers its health checks.",
                replica.IsHealthy ? 1 : 0, labels);
            text.Gauge("plimsoll_upstream_circuit_open", "1 while it has failed too often to be asked.",
                replica.IsBroken ? 1 : 0, labels);
        }
        var running = 0;
        foreach (var replica in model.Replicas)
            running += replica.Outstanding;
        text.Gauge("vllm:num_requests_running", "Requests in the running batch.", running, label);
        if (model.Twins is { } twins)
            WriteTwins(text, model, twins);
        WriteRequests(text, model.Metrics, label);
        text.Gauge("llm_total_hourly_cost", "USD per hour of all its engine ranks.",
            (double)model.UsdPerHour, label);
    }

    /// <summary>
    /// OpenCost's cost per million tokens, since the server began: on the basis <c>usage</c> what requests
    /// were charged, on <c>allocation</c> with their part of what nobody was charged for, which sums to the
    /// bill.
    /// </summary>
    public static void WriteCosts(PrometheusText text, string model, LedgerBook book)
    {
        var (levels, unserved) = book.CostOf(model);
        long served = 0;
        foreach (var level in levels)
            served += level.PromptPico + level.OutputPico;
        var all = served > 0 ? 1 + (unserved / (double)served) : 1;
        foreach (var level in levels)
        {
            foreach (var (basis, factor) in new[] { ("usage", 1.0), ("allocation", all) })
            {
                Cost("", level.PromptPico + level.OutputPico, level.PromptTokens + level.OutputTokens);
                Cost("prompt", level.PromptPico, level.PromptTokens);
                Cost("generation", level.OutputPico, level.OutputTokens);

                void Cost(string phase, long pico, long tokens)
                {
                    if (tokens == 0)
                        return;
                    text.Gauge("llm_cost_per_million_tokens",
                        "USD per million tokens since the start; no phase: prompt and generation together.",
                        factor * pico / 1e6 / tokens, ("model_name", model), ("cost_basis", basis),
                        ("phase", phase), ("allocation_method", level.Estimated ? "estimated" : "step"),
                        ("workload_type", level.Level));
                }
            }
        }
    }

    /// <summary>Speculation under vLLM's names; acceptance is accepted ÷ draft tokens.</summary>
    public static void WriteDrafts(PrometheusText text, string model, LedgerBook book)
    {
        foreach (var drafts in book.DraftsOf(model))
        {
            (string, string)[] labels =
                [("model_name", model), ("adapter", drafts.Adapter), ("release", drafts.Release)];
            text.Counter("vllm:spec_decode_num_drafts_total", "Steps of a request with guesses.",
                drafts.Drafts, labels);
            text.Counter("vllm:spec_decode_num_draft_tokens_total", "Tokens guessed.", drafts.Tokens, labels);
            text.Counter("vllm:spec_decode_num_accepted_tokens_total", "Guessed tokens that were right.",
                drafts.Accepted, labels);
        }
    }

    public static void Write(PrometheusText text, CascadeModel cascade)
    {
        foreach (var (outcome, count) in cascade.Outcomes)
        {
            text.Counter("plimsoll_cascade_requests_total",
                "Requests by why the large model was asked, or that the small one's answer did.", count,
                ("model_name", cascade.Name), ("outcome", outcome));
        }
    }

    static void WriteCacheConfig(PrometheusText text, LocalModel model)
    {
        var limits = model.Engine.Facts.Limits;
        text.Gauge("vllm:cache_config_info", "The KV cache as it is set up.", 1,
            ("model_name", model.Name),
            ("block_size", limits.BlockSize.ToString(CultureInfo.InvariantCulture)),
            ("num_gpu_blocks", limits.NumBlocks.ToString(CultureInfo.InvariantCulture)),
            ("enable_prefix_caching", limits.PrefixBlockTokens > 0 ? "True" : "False"));
    }

    static void WriteRequests(PrometheusText text, ModelMetrics metrics, (string, string) label)
    {
        text.Counter("vllm:prompt_tokens_total", "Prompt tokens taken in.", metrics.PromptTokens, label);
        text.Counter("vllm:generation_tokens_total", "Tokens generated.", metrics.GenerationTokens, label);
        foreach (var (reason, count) in new[]
        {
            ("stop", metrics.FinishedStop), ("length", metrics.FinishedLength),
            ("abort", metrics.FinishedAbort),
        })
        {
            text.Counter("vllm:request_success_total", "Requests by how they ended.", count, label,
                ("finished_reason", reason));
        }
        text.Histogram("vllm:time_to_first_token_seconds", "Arrival to first token.",
            metrics.TimeToFirstToken, label);
        text.Histogram("vllm:inter_token_latency_seconds", "Gap between two tokens.",
            metrics.InterTokenLatency, label);
        text.Histogram("vllm:time_per_output_token_seconds", "The same under vLLM's older name.",
            metrics.InterTokenLatency, label);
        text.Histogram("vllm:request_time_per_output_token_seconds", "Mean gap of a request.",
            metrics.TimePerOutputToken, label);
        text.Histogram("vllm:e2e_request_latency_seconds", "Arrival to last token.", metrics.EndToEnd, label);
        text.Histogram("vllm:request_prompt_tokens", "Prompt tokens of each request.",
            metrics.PromptTokensOfRequest, label);
        text.Histogram("vllm:request_generation_tokens", "Tokens of each answer.",
            metrics.GenerationTokensOfRequest, label);
        text.Histogram("vllm:request_max_num_generation_tokens", "Tokens of each request's longest answer.",
            metrics.MostGenerationTokensOfRequest, label);
        text.Histogram("vllm:request_params_n", "Answers that each request asked for.",
            metrics.ChoicesOfRequest, label);
        text.Histogram("vllm:request_params_max_tokens", "Limit of the answer that each request set.",
            metrics.MaxTokensOfRequest, label);
        text.Counter("plimsoll_promises_total", "Requests by whether their promise was kept.",
            metrics.PromisesKept, label, ("kept", "true"));
        text.Counter("plimsoll_promises_total", "Requests by whether their promise was kept.",
            metrics.PromisesBroken, label, ("kept", "false"));
    }

    static void WriteTwins(PrometheusText text, UpstreamModel model, ModelTwins twins)
    {
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
}
