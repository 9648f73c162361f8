using System;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>What a monitoring system sees: Prometheus' page, and a collector of OpenTelemetry's.</summary>
public sealed class TelemetryTests
{
    const string Hello = """{"model":"sim","max_tokens":5,"messages":[{"role":"user","content":"a secret word"}]}""";

    /// <summary>The names of vLLM's own page that mean something here, as dashboards ask for them.</summary>
    static readonly string[] _names =
    [
        "num_requests_running", "num_requests_waiting", "kv_cache_usage_perc", "cache_config_info",
        "prefix_cache_queries_total", "prefix_cache_hits_total", "num_preemptions_total",
        "prompt_tokens_total", "generation_tokens_total", "request_success_total", "iteration_tokens_total",
        "request_prompt_tokens", "request_generation_tokens", "request_max_num_generation_tokens",
        "request_params_n", "request_params_max_tokens", "time_to_first_token_seconds",
        "inter_token_latency_seconds", "time_per_output_token_seconds",
        "request_time_per_output_token_seconds", "e2e_request_latency_seconds", "request_queue_time_seconds",
        "request_inference_time_seconds", "request_prefill_time_seconds", "request_decode_time_seconds",
    ];

    [Fact]
    public async Task Every_name_of_vllm_is_there_and_counts()
    {
        await using var server = await RunningServer.StartAsync(
            config => config.Models.Add(RunningServer.Simulated("other")));
        for (var i = 0; i < 3; i++)
            (await server.PostAsync("/v1/chat/completions", Hello)).Status.ShouldBe(200);
        var page = await server.Client.GetStringAsync("/metrics");
        foreach (var name in _names)
            page.ShouldContain($"# TYPE vllm:{name} ");
        foreach (var name in _names.Where(name => page.Contains($"# TYPE vllm:{name} histogram")))
        {
            var expected = name is "inter_token_latency_seconds" or "time_per_output_token_seconds" ? 12 : 3;
            if (name != "iteration_tokens_total")
                Value(page, $"vllm:{name}_count{{model_name=\"sim\"}}").ShouldBe(expected, name);
        }
        Value(page, "vllm:request_prompt_tokens_sum{model_name=\"sim\"}")
            .ShouldBe(Value(page, "vllm:prompt_tokens_total{model_name=\"sim\"}"));
        Value(page, "vllm:request_generation_tokens_sum{model_name=\"sim\"}").ShouldBe(15);
        Value(page, "vllm:iteration_tokens_total_sum{model_name=\"sim\"}").ShouldBeGreaterThan(15);
        // A request's way adds up: queue, prefill, decode are its whole time.
        var way = Value(page, "vllm:request_queue_time_seconds_sum{model_name=\"sim\"}")
            + Value(page, "vllm:request_inference_time_seconds_sum{model_name=\"sim\"}");
        way.ShouldBe(Value(page, "vllm:e2e_request_latency_seconds_sum{model_name=\"sim\"}"), 1e-5);
        // Prometheus' format wants the samples of one name together.
        var families = page.Split('\n').Where(line => line.StartsWith("# TYPE ")).ToList();
        families.Distinct().Count().ShouldBe(families.Count);
    }

    [Fact]
    public async Task A_collector_gets_spans_and_measures_and_no_word_of_the_prompt()
    {
        await using var collector = await Collector.StartAsync();
        await using (var server = await RunningServer.StartAsync(config =>
        {
            config.Telemetry = new TelemetryConfig { OtlpEndpoint = collector.Url, MetricsSeconds = 600 };
            config.Models.Add(Fleet(collector));
        }))
        {
            server.Client.DefaultRequestHeaders.Add(
                "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            (await server.PostAsync("/v1/chat/completions", Hello)).Status.ShouldBe(200);
            (await server.PostAsync("/v1/chat/completions", Hello.Replace("\"sim\"", "\"fleet\"")))
                .Status.ShouldBe(200);
        }
        // The engine behind the gateway takes part in the same trace.
        collector.Traceparent.ShouldStartWith("00-0af7651916cd43dd8448eb211c80319c-");
        var spans = collector.Heard("/v1/traces");
        foreach (var word in new[] { "chat sim", "chat fleet", "gen_ai.usage.output_tokens",
            "gen_ai.request.model", "plimsoll.cost_usd", "plimsoll.promise_kept" })
        {
            spans.ShouldContain(word);
        }
        spans.ShouldContain(Encoding.Latin1.GetString(
            Convert.FromHexString("0af7651916cd43dd8448eb211c80319c")));
        var measures = collector.Heard("/v1/metrics");
        foreach (var word in new[] { "gen_ai.server.request.duration", "gen_ai.server.time_to_first_token",
            "gen_ai.server.time_per_output_token", "gen_ai.client.token.usage", "plimsoll.cost" })
        {
            measures.ShouldContain(word);
        }
        (spans + measures).ShouldNotContain("secret");
    }

    [Fact]
    public async Task Without_an_endpoint_nothing_is_sent_and_the_upstream_sees_no_trace()
    {
        await using var collector = await Collector.StartAsync();
        await using var server = await RunningServer.StartAsync(config =>
            config.Models.Add(Fleet(collector)));
        (await server.PostAsync("/v1/chat/completions", Hello.Replace("\"sim\"", "\"fleet\"")))
            .Status.ShouldBe(200);
        collector.Traceparent.ShouldBe("");
        collector.Heard("/v1/traces").ShouldBe("");
    }

    static ModelConfig Fleet(Collector collector) =>
        new() { Name = "fleet", Upstreams = [new() { Url = collector.Url }] };

    static double Value(string page, string sample)
    {
        var line = page.Split('\n').Single(line => line.StartsWith(sample + " "));
        return double.Parse(line[(sample.Length + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>Takes what an exporter sends, and answers chats as an engine would.</summary>
    sealed class Collector(WebApplication app) : IAsyncDisposable
    {
        readonly ConcurrentQueue<(string Path, byte[] Body)> _heard = new();

        public string Url => app.Urls.First();

        public string Traceparent { get; private set; } = "";

        public static async Task<Collector> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            var app = builder.Build();
            var collector = new Collector(app);
            app.MapPost("/v1/chat/completions", collector.AnswerAsync);
            app.MapPost("/{**path}", collector.TakeAsync);
            await app.StartAsync();
            return collector;
        }

        /// <summary>Everything that came to a path; the strings of a protobuf message stand in it as they
        /// are.</summary>
        public string Heard(string path) => string.Concat(
            _heard.Where(one => one.Path == path).Select(one => Encoding.Latin1.GetString(one.Body)));

        public async ValueTask DisposeAsync() => await app.DisposeAsync();

        Task AnswerAsync(HttpContext context)
        {
            Traceparent = context.Request.Headers["traceparent"].ToString();
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(
                """{"object":"chat.completion","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}""");
        }

        async Task TakeAsync(HttpContext context)
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            _heard.Enqueue((context.Request.Path, body.ToArray()));
        }
    }
}
