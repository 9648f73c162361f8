using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>Batches and the ledger when something is wrong with them, or with their database.</summary>
public sealed class StoreTests
{
    [Theory]
    [InlineData("not json\n", "invalid_json")]
    [InlineData("", "empty_file")]
    [InlineData("""{"custom_id":"a","method":"GET","url":"/v1/chat/completions","body":{"model":"sim"}}""", "invalid_method")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{"model":"sim"}}""", "mismatched_endpoint")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"none"}}""", "model_not_found")]
    public async Task A_file_that_is_no_batch_fails_it_with_the_line(string content, string code)
    {
        await using var server = await RunningServer.StartAsync();
        var batch = await FinishAsync(server, await server.UploadAsync(content));
        batch.GetProperty("status").GetString().ShouldBe("failed");
        batch.GetProperty("errors").GetProperty("data")[0].GetProperty("code").GetString().ShouldBe(code);
    }

    [Fact]
    public async Task Lines_that_cannot_be_answered_are_in_the_error_file()
    {
        await using var server = await RunningServer.StartAsync();
        var bad = RunningServer.Line(1).Replace("\"max_tokens\":4", "\"max_tokens\":\"many\"");
        var batch =
            await FinishAsync(server,
                await server.UploadAsync($"{RunningServer.Line(0)}\n{bad}\n{RunningServer.Line(2)}"));
        batch.GetProperty("status").GetString().ShouldBe("completed");
        batch.GetProperty("request_counts").GetProperty("failed").GetInt32().ShouldBe(1);
        var errors =
            await server.Client.GetStringAsync(
                $"/v1/files/{batch.GetProperty("error_file_id").GetString()}/content");
        var line = JsonDocument.Parse(errors).RootElement;
        line.GetProperty("custom_id").GetString().ShouldBe("r1");
        line.GetProperty("response").GetProperty("status_code").GetInt32().ShouldBe(400);
    }

    /// <summary>JSON's grammar allows half of a character, and a NUL; a database holds neither.</summary>
    [Theory]
    [InlineData("\\ud800", "invalid_json")]
    [InlineData("\\u0000", "invalid_value")]
    public async Task An_id_that_cannot_be_kept_fails_the_batch(string id, string code)
    {
        await using var server = await RunningServer.StartAsync();
        var line = RunningServer.Line(0).Replace("r0", id);
        var batch = await FinishAsync(server, await server.UploadAsync(line));
        batch.GetProperty("status").GetString().ShouldBe("failed");
        batch.GetProperty("errors").GetProperty("data")[0].GetProperty("code").GetString().ShouldBe(code);
    }

    /// <summary>Whatever goes wrong with one line is that line's failure.</summary>
    [Fact]
    public async Task A_line_whose_answer_never_comes_does_not_hold_up_its_batch()
    {
        var drops = RunningServer.Simulated("drops");
        drops.Simulated!.Faults = new FaultConfig { Drops = 1 };
        await using var server = await RunningServer.StartAsync(config => config.Models.Add(drops));
        var lines = $"{RunningServer.Line(0)}\n{RunningServer.Line(1, "drops", 8)}";
        var batch = await FinishAsync(server, await server.UploadAsync(lines));
        batch.GetProperty("status").GetString().ShouldBe("completed");
        (Count(batch, "completed"), Count(batch, "failed")).ShouldBe((1, 1));
    }

    /// <summary>A batch that is killed reads its file again.</summary>
    [Fact]
    public async Task A_file_stays_while_a_batch_reads_it()
    {
        await using var server = await RunningServer.StartAsync(config => config.Limits.BatchConcurrency = 1);
        var file = await server.UploadAsync(RunningServer.Lines(400));
        var (_, created, _) = await server.PostAsync("/v1/batches", Create(file));
        var id = created.GetProperty("id").GetString();
        var refused = await server.Client.DeleteAsync($"/v1/files/{file}");
        ((int)refused.StatusCode).ShouldBe(409);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("file_in_use");
        (await server.PostAsync($"/v1/batches/{id}/cancel", "{}")).Status.ShouldBe(200);
        await RunningServer.EventuallyAsync(
            async () => (await server.GetAsync($"/v1/batches/{id}")).Body, batch =>
                batch.GetProperty("status").GetString() == "cancelled", TimeSpan.FromMinutes(1));
        ((int)(await server.Client.DeleteAsync($"/v1/files/{file}")).StatusCode).ShouldBe(200);
    }

    /// <summary>Whatever state a batch is in when it is called off, it is called off.</summary>
    [Fact]
    public async Task A_batch_that_is_cancelled_at_once_is_cancelled()
    {
        await using var server = await RunningServer.StartAsync(config => config.Limits.BatchConcurrency = 1);
        var file = await server.UploadAsync(RunningServer.Lines(200));
        var called = new List<string>();
        for (var i = 0; i < 24; i++)
        {
            var (_, created, _) = await server.PostAsync("/v1/batches", Create(file));
            called.Add(created.GetProperty("id").GetString()!);
            var (status, off, _) = await server.PostAsync($"/v1/batches/{called[i]}/cancel", "{}");
            status.ShouldBe(200);
            off.GetProperty("status").GetString().ShouldBeOneOf("cancelling", "cancelled");
        }
        foreach (var id in called)
        {
            await RunningServer.EventuallyAsync(
                async () => (await server.GetAsync($"/v1/batches/{id}")).Body, batch =>
                    batch.GetProperty("status").GetString() == "cancelled", TimeSpan.FromMinutes(1));
        }
    }

    [Fact]
    public async Task A_cancelled_batch_keeps_what_was_answered()
    {
        await using var server = await RunningServer.StartAsync(config => config.Limits.BatchConcurrency = 2);
        var file = await server.UploadAsync(RunningServer.Lines(400));
        var (_, created, _) = await server.PostAsync("/v1/batches", Create(file));
        var id = created.GetProperty("id").GetString();
        await RunningServer.EventuallyAsync(
            async () => (await server.GetAsync($"/v1/batches/{id}")).Body, batch =>
                Count(batch, "completed") > 2);
        (await server.PostAsync($"/v1/batches/{id}/cancel", "{}")).Status.ShouldBe(200);
        var over = await RunningServer.EventuallyAsync(
            async () => (await server.GetAsync($"/v1/batches/{id}")).Body, batch =>
                batch.GetProperty("status").GetString() == "cancelled", TimeSpan.FromMinutes(1));
        over.GetProperty("status").GetString().ShouldBe("cancelled");
        (Count(over, "completed") + Count(over, "failed")).ShouldBe(400);
        over.GetProperty("output_file_id").GetString().ShouldNotBeNull();
    }

    /// <summary>
    /// What is booked while the database is away is there when it is back, to the pico-dollar.
    /// </summary>
    [Fact]
    public async Task A_database_that_goes_away_and_comes_back_loses_nothing()
    {
        using var postgres = PostgresServer.TryStart();
        Assert.SkipWhen(postgres is null, "PostgreSQL is not installed");
        await using (var server = await RunningServer.StartAsync(config => config.Ledger = postgres!.Url))
        {
            await ChatAsync(server);
            postgres!.Stop();
            await Task.Delay(1200);
            await ChatAsync(server);
            postgres.Start();
            await Task.Delay(3000);
            await ChatAsync(server);
        }
        PlimsollProcess.Run("ledger", "--ledger", postgres.Url, "--check").ExitCode.ShouldBe(0);
        PlimsollProcess.Run("ledger", "--ledger", postgres.Url, "--json")
            .Output.ShouldContain("\"requests\": 3");
    }

    /// <summary>A server that is told to stop stops, whatever has become of its database.</summary>
    [Fact]
    public async Task A_server_stops_though_its_database_is_away()
    {
        using var postgres = PostgresServer.TryStart();
        Assert.SkipWhen(postgres is null, "PostgreSQL is not installed");
        var server = await RunningServer.StartAsync(config => config.Ledger = postgres!.Url);
        await ChatAsync(server);
        postgres!.Stop();
        await server.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1));
    }

    /// <summary>A file taken in by one is read by the other, whichever of them runs the batch.</summary>
    [Fact]
    public async Task Two_gateways_with_one_database_and_one_folder_are_one_batch_service()
    {
        using var postgres = PostgresServer.TryStart();
        Assert.SkipWhen(postgres is null, "PostgreSQL is not installed");
        using var state = new TemporaryFolder();
        void Share(ServeConfig config) => (config.Ledger, config.State) = (postgres!.Url, state.Path);
        await using var one = await RunningServer.StartAsync(Share);
        var file = await one.UploadAsync(RunningServer.Lines(20));
        var half = Path.Combine(state.Path, "files", "file-0.part");
        File.WriteAllText(half, "taken in by one while two starts");
        await using var two = await RunningServer.StartAsync(Share);
        File.Exists(half).ShouldBeTrue();
        var batch = await FinishAsync(two, file);
        Count(batch, "completed").ShouldBe(20);
        var output = batch.GetProperty("output_file_id").GetString();
        (await one.Client.GetStringAsync($"/v1/files/{output}/content")).Split('\n').Length.ShouldBe(21);
    }

    static async Task ChatAsync(RunningServer server) => (await server.PostAsync(
        "/v1/chat/completions", """{"model":"sim","max_tokens":3,"messages":[{"role":"user","content":"hi"}]}""")).Status.ShouldBe(200);

    static async Task<JsonElement> FinishAsync(RunningServer server, string file)
    {
        var (_, created, _) = await server.PostAsync("/v1/batches", Create(file));
        var id = created.GetProperty("id").GetString();
        return await RunningServer.EventuallyAsync(
            async () => (await server.GetAsync($"/v1/batches/{id}")).Body,
            batch => batch.GetProperty("status").GetString() is "failed" or "completed");
    }

    static string Create(string file) =>
        $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""";

    static int Count(JsonElement batch, string what) =>
        batch.GetProperty("request_counts").GetProperty(what).GetInt32();
}
