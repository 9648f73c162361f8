using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Data.Sqlite;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>What one tenant's batch, or one model's silence, may do to the others: nothing.</summary>
public sealed class BatchPlaceTests
{
    static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Who_has_spent_a_budget_holds_up_nobody_and_goes_on_when_it_is_raised()
    {
        var (poor, poorKey) = RunningServer.NewKey("poor", one => one.BudgetUsdPerDay = 0);
        var (rich, richKey) = RunningServer.NewKey("rich");
        await using var server = await RunningServer.StartAsync(config =>
        {
            config.Keys = [poorKey, richKey];
            config.Limits.BatchConcurrency = 1;
        });
        var waiting = await CreateAsync(server, RunningServer.Lines(3), poor);
        var other = await CreateAsync(server, RunningServer.Lines(2), rich);
        (await FinishAsync(server, other, rich)).ShouldBe(2);
        (await FindAsync(server, waiting, poor)).GetProperty("status").GetString().ShouldBe("in_progress");
        poorKey.BudgetUsdPerDay = 100;
        server.Host.Reload(server.Config).ShouldBeTrue();
        (await FinishAsync(server, waiting, poor)).ShouldBe(3);
    }

    /// <summary>Lines of two models in one file: those of the dead one wait, and hold no place.</summary>
    [Fact]
    public async Task A_dead_model_holds_up_its_own_lines_only_and_what_nobody_took_is_in_no_book()
    {
        await using var server = await RunningServer.StartAsync(config =>
        {
            config.Models.Add(Dead());
            config.Limits.BatchConcurrency = 2;
        });
        var dead = string.Join('\n', Enumerable.Range(0, 40).Select(i => RunningServer.Line(i, "dead")));
        var alive = string.Join('\n', Enumerable.Range(40, 3).Select(i => RunningServer.Line(i)));
        var batch = await CreateAsync(server, $"{dead}\n{alive}\n");
        var seen = await RunningServer.EventuallyAsync(
            () => FindAsync(server, batch), one => Count(one, "completed") == 3, _patience);
        (Count(seen, "completed"), Count(seen, "failed")).ShouldBe((3, 0), seen.ToString());
        (await FinishAsync(server, await CreateAsync(server, RunningServer.Lines(2)))).ShouldBe(2);
        await Task.Delay(3000);
        // The three that were answered and the two of the other batch: what no replica took is in no book.
        (await RowsAsync(server)).ShouldBe(5);
    }

    [Fact]
    public async Task Lines_that_a_cancellation_stops_are_booked_as_cancelled()
    {
        using var mute = new SocketUpstream(socket => Task.Delay(Timeout.Infinite, socket.Over));
        await using var server = await RunningServer.StartAsync(config => config.Models.Add(new ModelConfig
        {
            Name = "mute",
            Upstreams = [new UpstreamConfig { Url = mute.Url, Model = "sim", IdleTimeout = "120s" }],
        }));
        var batch = await CreateAsync(server, RunningServer.Line(0, "mute"));
        (await RunningServer.EventuallyAsync(
            () => Task.FromResult(mute.Requests), requests => requests == 1, _patience)).ShouldBe(1);
        (await server.PostAsync($"/v1/batches/{batch}/cancel", "{}")).Status.ShouldBe(200);
        (await RunningServer.EventuallyAsync(
            () => RowsAsync(server), rows => rows == 1, _patience)).ShouldBe(1);
        (await RowsAsync(server, "WHERE status = 'cancelled'")).ShouldBe(1);
    }

    static ModelConfig Dead() => new()
    {
        Name = "dead",
        Upstreams = [new UpstreamConfig { Url = "http://127.0.0.1:1", Model = "sim" }],
    };

    static async Task<string> CreateAsync(RunningServer server, string lines, string? key = null)
    {
        var file = await server.UploadAsync(lines, key);
        var (_, created, _) = await server.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""", key);
        return created.GetProperty("id").GetString()!;
    }

    static async Task<JsonElement> FindAsync(RunningServer server, string batch, string? key = null) =>
        (await server.GetAsync($"/v1/batches/{batch}", key)).Body;

    static async Task<int> FinishAsync(RunningServer server, string batch, string? key = null)
    {
        var over = await RunningServer.EventuallyAsync(() => FindAsync(server, batch, key),
            one => one.GetProperty("status").GetString() == "completed", _patience);
        return Count(over, "completed");
    }

    static int Count(JsonElement batch, string what) =>
        batch.GetProperty("request_counts").GetProperty(what).GetInt32();

    static async Task<long> RowsAsync(RunningServer server, string where = "")
    {
        await using var connection = new SqliteConnection(
            $"Data Source={Path.Combine(server.State, "plimsoll.db")};Mode=ReadOnly;Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT COUNT(*) FROM requests {where}";
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
