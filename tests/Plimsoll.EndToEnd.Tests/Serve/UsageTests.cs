using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>Tokens and dollars wherever they are said: chunks, events, metrics, exports.</summary>
public sealed class UsageTests
{
    const string Hello = """{"model":"sim","max_tokens":6,"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task Continuous_usage_counts_up_with_every_chunk()
    {
        await using var server = await RunningServer.StartAsync();
        var events = await StreamAsync(server, "/v1/chat/completions", Hello.Replace("\"max_tokens\"",
            """
            "stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true},"max_tokens"
            """));
        var told = events.ConvertAll(
            one => one.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        told[0].ShouldBe(0);
        told.ShouldBe(told.Order());
        told[^2].ShouldBe(told[^1]);
        told.Count.ShouldBe(2 + told[^1]);
        events.ShouldAllBe(one => one.GetProperty("usage").GetProperty("prompt_tokens").GetInt32() > 0);
        events[^1].GetProperty("choices").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task A_streamed_response_through_the_gateway_says_what_became_of_the_promise()
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(engine);
        var events = await StreamAsync(gateway, "/v1/responses",
            """{"model":"fleet","stream":true,"max_output_tokens":6,"input":"hi"}""");
        var promise = events[^1].GetProperty("response").GetProperty("usage").GetProperty("promise");
        promise.GetProperty("level").GetString().ShouldBe("interactive");
        promise.GetProperty("kept").GetBoolean().ShouldBeTrue(promise.ToString());
        promise.GetProperty("ttft_ms").GetDecimal().ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_batch_of_responses_is_answered(bool throughGateway)
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(engine);
        var (server, model) = throughGateway ? (gateway, "fleet") : (engine, "sim");
        var lines = string.Join('\n', Enumerable.Range(0, 3).Select(i =>
            $$$"""{"custom_id":"r{{{i}}}","method":"POST","url":"/v1/responses","body":{"model":"{{{model}}}","max_output_tokens":5,"input":"number {{{i}}}"}}"""));
        var file = await server.UploadAsync(lines);
        var (status, created, _) = await server.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/responses","completion_window":"24h"}""");
        status.ShouldBe(200, created.ToString());
        var done = await RunningServer.EventuallyAsync(
            async () => (await server.GetAsync($"/v1/batches/{created.GetProperty("id").GetString()}")).Body,
            batch => batch.GetProperty("status").GetString() == "completed");
        done.GetProperty("request_counts").GetProperty("completed").GetInt32().ShouldBe(3, done.ToString());
        var output = await server.Client.GetStringAsync(
            $"/v1/files/{done.GetProperty("output_file_id").GetString()}/content");
        foreach (var line in output.TrimEnd().Split('\n'))
        {
            var body = JsonDocument.Parse(line).RootElement.GetProperty("response").GetProperty("body");
            body.GetProperty("object").GetString().ShouldBe("response");
            body.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString()!.Length
                .ShouldBeGreaterThan(0);
        }
    }

    [Theory]
    [InlineData(false, "step")]
    [InlineData(true, "estimated")]
    public async Task Metrics_say_what_a_million_tokens_cost(bool throughGateway, string method)
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(engine);
        var (server, model) = throughGateway ? (gateway, "fleet") : (engine, "sim");
        for (var i = 0; i < 3; i++)
            await server.PostAsync("/v1/chat/completions", Hello.Replace("sim", model));
        await Task.Delay(1200);
        var metrics = await server.Client.GetStringAsync("/metrics");
        double Cost(string basis, string phase) => Value(metrics, "llm_cost_per_million_tokens{model_name=\""
            + $"{model}\",cost_basis=\"{basis}\",phase=\"{phase}\",allocation_method=\"{method}\","
            + "workload_type=\"interactive\"}");
        double[] phases = [Cost("usage", "prompt"), Cost("usage", "generation")];
        phases.Min().ShouldBeGreaterThan(0);
        Cost("usage", "").ShouldBeInRange(phases.Min(), phases.Max());
        Cost("allocation", "").ShouldBeGreaterThan(Cost("usage", ""), "idle time is in it");
    }

    [Fact]
    public async Task Focus_has_every_mandatory_column_and_its_words_for_what_is_unused()
    {
        using var folder = new TemporaryFolder();
        var focus = folder.File("focus.csv");
        var ledger = folder.File("l.db");
        await using (var server = await RunningServer.StartAsync(config => config.Ledger = ledger))
        {
            await server.PostAsync("/v1/chat/completions", Hello);
            await Task.Delay(1200);
        }
        PlimsollProcess.Run("ledger", "--ledger", ledger, "--gap", "unallocated", "--focus", focus)
            .ExitCode.ShouldBe(0);
        var lines = File.ReadAllLines(focus);
        var columns = lines[0].Split(',');
        foreach (var mandatory in new[]
        {
            "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd",
            "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd",
            "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost",
            "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory",
            "ServiceName",
        })
        {
            columns.ShouldContain(mandatory);
        }
        var status = Array.IndexOf(columns, "CapacityReservationStatus");
        var hours = Array.IndexOf(columns, "PricingQuantity");
        var rows = lines.Skip(1).Select(line => line.Split(',')).ToList();
        rows.Select(row => row[status]).Distinct().Order().ShouldBe(["Unused", "Used"]);
        var dollars = rows.Sum(row => double.Parse(row[0], CultureInfo.InvariantCulture));
        (dollars / rows.Sum(row => double.Parse(row[hours], CultureInfo.InvariantCulture)))
            .ShouldBeInRange(0.5, 20);
    }

    static Task<RunningServer> GatewayAsync(RunningServer engine) => RunningServer.StartAsync(config =>
        config.Models =
        [
            new ModelConfig
            {
                Name = "fleet",
                PriceUsdPerHour = 2,
                Upstreams = [new UpstreamConfig { Url = engine.Address.ToString(), Model = "sim" }],
            },
        ]);

    static async Task<List<JsonElement>> StreamAsync(RunningServer server, string path, string body)
    {
        var response = await server.Client.PostAsync(path, new StringContent(body));
        var text = await response.Content.ReadAsStringAsync();
        return text.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
            .Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement).ToList();
    }

    static double Value(string metrics, string sample)
    {
        var line = Array.Find(
            metrics.Split('\n'), one => one.StartsWith(sample, StringComparison.Ordinal));
        line.ShouldNotBeNull(sample);
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }
}
