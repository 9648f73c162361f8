using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text.Json;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Plimsoll.Core;
using Plimsoll.Tuning.Datasets;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

/// <summary>Labels over real HTTP.</summary>
public sealed class TeacherTests
{
    [Fact]
    public async Task Labels_are_metered_and_a_run_that_failed_does_not_pay_twice()
    {
        using var folder = new TemporaryFolder();
        var asked = new List<string>();
        var fails = true;
        await using var server = await ServeAsync(async context =>
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body);
            var question = body.RootElement.GetProperty("messages")[0].GetProperty("content").GetString()!;
            lock (asked)
                asked.Add(question);
            if (fails && question == "q7")
            {
                context.Response.StatusCode = 400;
                await context.Response.WriteAsync("not that one");
                return;
            }
            await context.Response.WriteAsync($$$"""{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"label of {{{question}}}"}}],"usage":{"prompt_tokens":10,"completion_tokens":2}}""");
        });
        var records = Enumerable.Range(0, 8).Append(3)
            .Select(i => RecordReader.Pair($"q{i}", "old", "t")).ToList();
        using var client = new HttpClient { BaseAddress = new Uri(server.Urls.First() + "/") };
        Teacher New() => new(client, "large", (1.0, 5.0), 64, folder.In("kept/teacher.jsonl"));
        var cancellation = TestContext.Current.CancellationToken;
        var bad = await Should.ThrowAsync<BadInputException>(
            () => New().LabelAsync(records, _ => { }, cancellation));
        bad.Message.ShouldContain("400 not that one");
        bad.Message.ShouldNotContain("\n");
        fails = false;
        var before = File.ReadAllLines(folder.In("kept/teacher.jsonl")).Length;
        File.AppendAllText(folder.In("kept/teacher.jsonl"), "{\"half");
        var (labelled, bill) = await New().LabelAsync(records, _ => { }, cancellation);
        labelled.Select(r => r.Messages[^1].Content).ShouldBe(
            records.Select(r => $"label of {r.Messages[0].Content}"));
        bill.ShouldBe(new TeacherBill(8, 8 - before, 80, 16, (80 * 1.0 + 16 * 5.0) / 1e6));
        asked.Count(q => q == "q3").ShouldBe(1);
    }

    [Fact]
    public async Task An_answer_that_was_cut_is_no_label()
    {
        using var folder = new TemporaryFolder();
        await using var server = await ServeAsync(context => context.Response.WriteAsync(
            """{"choices":[{"finish_reason":"length","message":{"content":"lab"}}],"usage":{}}"""));
        using var client = new HttpClient { BaseAddress = new Uri(server.Urls.First() + "/") };
        var teacher = new Teacher(client, "large", (0, 0), 1, folder.In("kept.jsonl"));
        var bad = await Should.ThrowAsync<BadInputException>(() => teacher.LabelAsync(
            [RecordReader.Pair("q", "a", "t")], _ => { }, TestContext.Current.CancellationToken));
        bad.Message.ShouldContain("ends by length");
        File.Exists(folder.In("kept.jsonl")).ShouldBeFalse();
    }

    static async Task<WebApplication> ServeAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/v1/chat/completions", answer);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
