using System;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging.Abstractions;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Storage;

namespace Plimsoll.Serve.Figures;

/// <summary>What a request's row in the ledger costs, written in blocks such as busy seconds leave.</summary>
static class WriteFigures
{
    const int Rows = 6000;
    const int Rounds = 7;

    public static async Task PrintAsync(TextWriter output, string what, string ledger)
    {
        var folder = Directory.CreateTempSubdirectory("plimsoll-writes");
        try
        {
            using var database = Database.Open(ledger, folder.FullName);
            await using var commit = new GroupCommit(database, NullLogger.Instance);
            var book = new LedgerBook(TimeProvider.System, "r");
            book.AddEngine("m/0", 1, DateTimeOffset.UtcNow);
            LedgerWriter.Begin(book, database, TimeProvider.System);
            await using var writer = new LedgerWriter(
                book, commit, () => Task.CompletedTask, TimeSpan.FromHours(1));
            var best = TimeSpan.MaxValue;
            var cpu = TimeSpan.MaxValue;
            for (var round = 0; round < Rounds; round++)
            {
                for (var i = 0; i < Rows; i++)
                    book.Close(book.Open($"req_{Guid.NewGuid():N}", "t", "l", "m"), RequestStatus.Completed);
                var (before, clock) = (Environment.CpuUsage.TotalTime, Stopwatch.StartNew());
                await writer.FlushAsync();
                best = clock.Elapsed < best ? clock.Elapsed : best;
                var used = Environment.CpuUsage.TotalTime - before;
                cpu = used < cpu ? used : cpu;
            }
            output.WriteLine(FormattableString.Invariant(
                $"{what,-12} {best.TotalMicroseconds / Rows,6:0.0} µs a row by the clock, ")
                + FormattableString.Invariant($"{cpu.TotalMicroseconds / Rows:0.0} of processor time here; ")
                + FormattableString.Invariant($"the best of {Rounds} blocks of {Rows:#,0} rows"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
