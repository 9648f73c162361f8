using System;
using System.IO;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Cli;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

/// <summary>What bench takes, and what each run of it says by its exit code.</summary>
public sealed class BenchInputTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("plimsoll-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("""{"a":1,"a":2}""", "has a key twice")]
    [InlineData("""{"b":[{"a":1,"a":2}]}""", "has a key twice")]
    [InlineData("""{"a":"\ud800"}""", "half a character")]
    [InlineData("""{"\ud800":1}""", "half a character")]
    [InlineData("""{"model":"other"}""", "model is bench's own; expected --served-model-name")]
    [InlineData("""{"stream":false}""", "stream is bench's own; expected --no-stream")]
    [InlineData("""{"stream_options":{}}""", "stream_options is bench's own")]
    [InlineData("""{"messages":[]}""", "messages is bench's own; expected --dataset-path")]
    [InlineData("""{"max_completion_tokens":5}""", "expected --random-output-len")]
    [InlineData("""{"min_tokens":5}""", "min_tokens is bench's own; expected --ignore-eos", "--ignore-eos")]
    public void A_body_is_not_given_what_bench_writes(string extra, string expected, params string[] more) =>
        Refused(["--extra-body", extra, .. more]).ShouldContain(expected);

    [Theory]
    [InlineData("http://user:sesame@127.0.0.1:9")]
    [InlineData("http://sesame@127.0.0.1:9/v1")]
    [InlineData("user:sesame@127.0.0.1:9")]
    [InlineData("http://user:sesame@127.0.0.1:many")]
    public void A_password_in_an_address_is_refused_and_not_repeated(string url)
    {
        var line = Refused(["--base-url", url]);
        line.ShouldContain("--base-url: holds a user or a password");
        line.ShouldContain("OPENAI_API_KEY");
        line.ShouldNotContain("sesame");
    }

    [Theory]
    [InlineData(""" "workload":"chat","request_rate":4,"input_tokens":500 """, "workload and input_tokens")]
    [InlineData(""" "workload":"chat","request_rate":4,"clients":2 """, "request_rate and clients")]
    [InlineData(""" "workload":"chat","clients":2,"burstiness":2 """, "burstiness and clients")]
    [InlineData(""" "workload":"chat","request_rate":2e6 """, "at most 1000000")]
    [InlineData(""" "workload":"chat","request_rate":1,"request_rate":2 """, "a key twice")]
    public void A_level_that_contradicts_itself_is_one_line(string members, string expected)
    {
        File.WriteAllText(Path("levels.json"), $"[{{{members}}}]");
        Refused(["--levels", Path("levels.json")]).ShouldContain(expected);
    }

    /// <summary>1 only where no rate kept the promise: a sweep is meant to cross the line.</summary>
    [Theory]
    [InlineData("ttft p50 60s", 200, 0, "kept")]
    [InlineData("ttft p50 1us", 200, 1, "broken")]
    [InlineData("ttft p50 60s", 500, 1, "server_error: HTTP 500")]
    public async Task A_sweep_says_by_its_exit_code_whether_any_rate_kept_the_promise(
        string promise, int status, int code, string expected)
    {
        await using var endpoint = await ScriptedEndpoint.Start((context, body) =>
        {
            // What asks how the endpoint counts is answered; the load is what fails.
            if (status == 200 || ScriptedEndpoint.Asked(body) != 5)
                return ScriptedEndpoint.Stream(context, body);
            context.Response.StatusCode = status;
            return context.Response.WriteAsync("{}");
        });
        using var output = new StringWriter();
        CommandLine.Run(["bench", "--base-url", $"{endpoint.BaseUrl}", "--sweep", "300,400", "--num-prompts",
            "60", "--random-input-len", "20", "--random-output-len", "5", "--max-client-lateness", "1",
            "--promise", promise], output, output).ShouldBe(code, output.ToString());
        output.ToString().ShouldContain(expected);
    }

    [Theory]
    [InlineData("", 3, "\"completed\": 3,")]
    [InlineData("--num-prompts 7", 7, "from its start again after its 3 requests")]
    public async Task A_trace_ends_with_its_last_request_unless_more_are_asked_for(
        string more, int requests, string expected)
    {
        await using var endpoint = await ScriptedEndpoint.Start();
        File.WriteAllText(Path("t.jsonl"), """
            {"timestamp": 0, "input_length": 30, "output_length": 3, "hash_ids": [1]}
            {"timestamp": 20, "input_length": 30, "output_length": 3, "hash_ids": [2]}
            {"timestamp": 40, "input_length": 30, "output_length": 3, "hash_ids": [3]}
            """);
        using var output = new StringWriter();
        CommandLine.Run(["bench", "--base-url", $"{endpoint.BaseUrl}", "--workload", Path("t.jsonl"),
            "--json", .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries)], output, output);
        output.ToString().ShouldContain($"\"completed\": {requests},");
        output.ToString().ShouldContain(expected);
    }

    string Path(string name) => System.IO.Path.Combine(_folder.FullName, name);

    static string Refused(string[] arguments)
    {
        using var output = new StringWriter();
        CommandLine.Run(["bench", "--model", "m", .. arguments], output, output)
            .ShouldBe(2, output.ToString());
        return output.ToString().Trim().Split('\n').ShouldHaveSingleItem();
    }
}
