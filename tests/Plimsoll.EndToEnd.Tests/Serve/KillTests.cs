using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>
/// kill −9 in the middle of a batch: whatever dies, every line is answered and in the output once, and the
/// ledger sums to price × time.
/// </summary>
public sealed class KillTests
{
    [Fact]
    public async Task Sqlite()
    {
        using var folder = new TemporaryFolder();
        await KillAsync(folder.Path, "sqlite", "plimsoll.db");
    }

    [Fact]
    public async Task Postgres()
    {
        using var postgres = PostgresServer.TryStart();
        Assert.SkipWhen(postgres is null, "PostgreSQL is not installed");
        using var folder = new TemporaryFolder();
        await KillAsync(folder.Path, postgres!.Url, postgres.Url);
    }

    static async Task KillAsync(string state, string ledger, string database)
    {
        const int Lines = 600;
        string[] arguments =
            ["--model", "Llama-3.1-8B", "--state", state, "--ledger", ledger, "--served-model-name", "sim"];
        string batch;
        using (var first = await ServeProcess.StartAsync(arguments))
        {
            batch = await CreateAsync(first.Client, Lines);
            await RunningServer.EventuallyAsync(() => LookAsync(first.Client, batch), seen =>
                Completed(seen) > 20);
            first.Kill();
        }
        using (var second = await ServeProcess.StartAsync(arguments))
        {
            await Task.Delay(700);
            second.Kill();
        }
        using var third = await ServeProcess.StartAsync(arguments);
        // A lease of a process that was killed runs out after ten seconds; nobody waits longer.
        JsonElement done = default;
        for (var i = 0; i < 4; i++)
        {
            done = await RunningServer.EventuallyAsync(
                () => LookAsync(third.Client, batch), seen =>
                    seen.GetProperty("status").GetString() == "completed");
            if (done.GetProperty("status").GetString() == "completed")
                break;
        }
        done.GetProperty("status").GetString().ShouldBe("completed");
        var output =
            await third.Client.GetStringAsync(
                $"/v1/files/{done.GetProperty("output_file_id").GetString()}/content");
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("custom_id").GetString())
            .ShouldBe(Enumerable.Range(0, Lines).Select(i => $"r{i}"));
        await Task.Delay(700);
        var path = ledger == "sqlite" ? System.IO.Path.Combine(state, database) : database;
        var check = PlimsollProcess.Run("ledger", "--ledger", path, "--check");
        check.ExitCode.ShouldBe(0, check.Output + check.Story);
        check.Output.ShouldContain("to the pico-dollar");
        var report = PlimsollProcess.Run("ledger", "--ledger", path, "--by", "level", "--gap", "unallocated");
        report.Output.ShouldContain("batch");
        report.Output.ShouldContain("(down)");
    }

    static async Task<string> CreateAsync(HttpClient client, int lines)
    {
        var form = new MultipartFormDataContent
        {
            { new StringContent("batch"), "purpose" },
            { new ByteArrayContent(Encoding.UTF8.GetBytes(RunningServer.Lines(lines))), "file", "in.jsonl" },
        };
        var file = await ReadAsync(await client.PostAsync("/v1/files", form));
        var batch =
            await ReadAsync(await client.PostAsync("/v1/batches", new StringContent(JsonSerializer.Serialize(
            new Dictionary<string, string>
            {
                ["input_file_id"] = file.GetProperty("id").GetString()!,
                ["endpoint"] = "/v1/chat/completions",
                ["completion_window"] = "24h",
            }))));
        return batch.GetProperty("id").GetString()!;
    }

    static async Task<JsonElement> LookAsync(HttpClient client, string batch) =>
        await ReadAsync(await client.GetAsync($"/v1/batches/{batch}"));

    static async Task<JsonElement> ReadAsync(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;

    static int Completed(JsonElement batch) =>
        batch.GetProperty("request_counts").GetProperty("completed").GetInt32();
}
