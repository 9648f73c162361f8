using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using Plimsoll.Cli;
using Plimsoll.Tests.House;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Plans;

/// <summary>The verb from end to end, on spaces small enough to be simulated whole.</summary>
public sealed class PlanTests : IDisposable
{
    const string Space = "plan --model Llama-3.1-8B --gpu h100,l40s --tp 1 --rate 40 --requests 200";

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("plimsoll-plan-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData(" --promise")]
    [InlineData(" --batch")]
    [InlineData(" --tp 2 --pools all")]
    public void The_pruned_search_finds_the_winner_of_the_exhaustive_one(string more)
    {
        var command = more == " --promise" ? [.. Words(Space), "--promise", "ttft p95 200ms"]
            : Words(Space + more);
        var pruned = Plan(command);
        var whole = Plan([.. command, "--exhaustive"]);
        var winner = (string)whole["best"]![0]!["deployment"]!;
        var row = pruned["best"]!.AsArray().Single(r => (string)r!["deployment"]! == winner)!;
        ((int)row["rank"]! == 1 || (bool)row["tie"]!).ShouldBeTrue(winner);
    }

    [Fact]
    public void What_is_printed_follows_the_published_schema()
    {
        var schema = JsonSchema.FromText(
            File.ReadAllText(Repository.File("docs", "reference", "plan.schema.json")));
        foreach (var more in new[] { "", " --isl 1000 --osl 100", " --promise" })
        {
            var command = more == " --promise" ? [.. Words(Space), "--promise", "ttft p95 1ms"]
                : Words(Space + more);
            var (_, text, story) = Run([.. command, "--json"]);
            schema.Evaluate(JsonDocument.Parse(text).RootElement).IsValid.ShouldBeTrue(story + text);
        }
    }

    [Fact]
    public void Memories_for_KV_tell_rows_apart()
    {
        const string Two = "plan --model Llama-3.1-8B --gpu h100 --tp 1 --rate 40 --kv-tiers none,host";
        var rows = Plan(Words(Two + " --requests 200"))["best"]!.AsArray();
        rows.Select(row => (string?)row!["kvTiers"]).Distinct().Order().ShouldBe([null, "host192@55"]);
        rows.Select(row => (string)row!["deployment"]!).ShouldBeUnique();
    }

    [Fact]
    public void Every_candidate_is_either_shown_or_fell_somewhere()
    {
        var plan = Plan(Words(Space));
        var fell = plan["funnel"]!.AsArray().Sum(row => (int)row!["fell"]!);
        (fell + plan["best"]!.AsArray().Count).ShouldBe((int)plan["statement"]!["candidates"]!);
    }

    [Fact]
    public void A_bill_is_its_work_its_spares_and_its_rounding()
    {
        var plan = Plan(Words(Space));
        var peak = 40 * (double)plan["statement"]!["peakOverMean"]!;
        foreach (var row in plan["best"]!.AsArray())
        {
            var (bill, fleet) = (row!["bill"]!, row["fleet"]!);
            var usd = (double)bill["usdPerHour"]!;
            usd.ShouldBe((double)fleet["accelerators"]! * (double)row["price"]!["usdPerGpuHour"]!, 1e-6);
            var each = usd / (int)fleet["units"]!;
            var work = peak / (double)row["loadLine"]! * each;
            (work + (double)bill["spareUsdPerHour"]! + (double)bill["roundingUsdPerHour"]!).ShouldBe(usd,
                1e-6);
            ((double)bill["roundingUsdPerHour"]!).ShouldBeInRange(0, each);
        }
    }

    [Fact]
    public void A_plan_that_was_stopped_goes_on_to_the_same_bytes()
    {
        var journal = Path.Combine(_folder.FullName, "plan.jsonl");
        var (_, whole, _) = Run(Words(Space));
        Run([.. Words(Space), "--journal", journal]).Text.ShouldBe(whole);
        var lines = File.ReadAllLines(journal);
        // As a crash leaves it: some lines, the last one cut short.
        File.WriteAllText(journal, string.Join('\n', lines.Take(lines.Length / 2)) + "\n" + lines[^1][..20]);
        var (_, resumed, story) = Run([.. Words(Space), "--journal", journal]);
        resumed.ShouldBe(whole);
        story.ShouldContain("goes on after");
        // Nothing was measured yet when it was stopped in its first line.
        foreach (var kept in new[] { 0, 1, lines[0].Length / 2, lines[0].Length })
        {
            File.WriteAllText(journal, lines[0][..kept]);
            Run([.. Words(Space), "--journal", journal]).Text.ShouldBe(whole);
        }
        File.WriteAllText(journal, "{\"schema\": \"another\"");
        Run([.. Words(Space), "--journal", journal]).Code.ShouldBe(2);
    }

    [Fact]
    public void Shards_that_are_joined_print_what_one_machine_prints()
    {
        var journals = Enumerable.Range(1, 3).Select(k =>
            Path.Combine(_folder.FullName, $"{k}.jsonl")).ToArray();
        for (var k = 1; k <= 3; k++)
            Run([.. Words(Space), "--shards", $"{k}/3", "--journal", journals[k - 1]]).Code.ShouldBe(0);
        Run(["plan", "merge", .. journals]).Text.ShouldBe(Run(Words(Space)).Text);
        var (code, _, story) = Run(["plan", "merge", journals[0], journals[1]]);
        code.ShouldBe(2);
        story.ShouldContain("shard 3 of 3: its journal is missing");
    }

    /// <summary>The others of its job may hold the winner: who finds none has not failed.</summary>
    [Fact]
    public void A_shard_that_keeps_no_promise_is_done()
    {
        var (code, text, _) = Run([.. Words(Space), "--promise", "ttft p95 10ms", "--shards", "1/2"]);
        code.ShouldBe(0);
        text.ShouldBe("No candidate of shard 1/2 keeps this promise.\n");
    }

    [Fact]
    public void A_promise_that_nobody_keeps_is_answered_by_the_nearest()
    {
        var (code, text, _) = Run([.. Words(Space), "--promise", "ttft p95 10ms", "--json"]);
        code.ShouldBe(1);
        var plan = JsonNode.Parse(text)!;
        plan["best"]!.AsArray().ShouldBeEmpty();
        ((string)plan["nearest"]!["promise"]![0]!).ShouldStartWith("ttft p95");
        ((double)plan["nearest"]!["best"]!["bill"]!["usdPerHour"]!).ShouldBeGreaterThan(0);
    }

    /// <summary>What a few requests cannot tell is said to be so.</summary>
    [Theory]
    [InlineData(1_999, true)]
    [InlineData(2_000, false)]
    public void Streams_that_hold_no_burst_are_said_to(int requests, bool said)
    {
        var plan = Plan([.. Words(Space[..Space.LastIndexOf(' ')]), $"{requests}"]);
        plan["notes"]!.AsArray().Any(note => ((string)note!).Contains("over before a burst comes")).ShouldBe(
            said);
    }

    [Fact]
    public void Limits_are_kept()
    {
        foreach (var row in Plan([.. Words(Space), "--max-accelerators", "6"])["best"]!.AsArray())
            ((int)row!["fleet"]!["accelerators"]!).ShouldBeLessThanOrEqualTo(6);
        foreach (var row in Plan([.. Words(Space), "--whole-nodes"])["best"]!.AsArray())
            ((int)row!["fleet"]!["accelerators"]! % 8).ShouldBe(0);
    }

    /// <summary>
    /// Cheap fleets of many accelerators are not what the others have to beat where so many are not allowed.
    /// </summary>
    [Fact]
    public void Who_is_not_allowed_puts_nobody_out()
    {
        const string Many = "plan --model Llama-3.1-8B --gpu l40s,h100 --tp 1 --rate 40 --requests 200 "
            + "--max-num-seqs 64,128,256,512 --max-num-batched-tokens 1024,2048,4096,8192 "
            + "--price l40s=0.1,h100=10 --max-accelerators";
        foreach (var most in new[] { "18", "22" })
        {
            var whole = Plan([.. Words(Many), most, "--exhaustive"])["best"]![0]!;
            var best = Plan([.. Words(Many), most])["best"]![0]!;
            ((string)best["deployment"]!).ShouldBe((string)whole["deployment"]!);
            ((int)best["fleet"]!["accelerators"]!).ShouldBeLessThanOrEqualTo(int.Parse(most));
        }
    }

    /// <summary>Batch work rides in what requests leave free, or has a fleet of its own; both are billed.
    /// </summary>
    [Fact]
    public void Batch_work_is_planned_in_one_pool_and_in_two()
    {
        string[] command = [.. Words(Space), "--batch-workload", "summarisation", "--batch-rate", "3"];
        var plan = Plan(command);
        plan["best"]!.ToJsonString().ShouldBe(Plan(Words(Space))["best"]!.ToJsonString());
        var batch = plan["batch"]!;
        var fleets = batch["fleets"]!.AsArray();
        var apart = fleets.Single(row => (bool)row!["apart"]!)!;
        ((int)apart["rankAlone"]!).ShouldBe(1);
        ((double)apart["linesPerSecond"]!).ShouldBe(0);
        ((int)apart["batchUnits"]!).ShouldBe((int)Math.Ceiling(3 / (double)batch["linesPerUnit"]!));
        foreach (var row in fleets)
        {
            var alone = plan["best"]![(int)row!["rankAlone"]! - 1]!;
            var own = (int)row["batchUnits"]! * (double)batch["usdPerUnitHour"]!;
            ((double)row["usdPerHour"]!).ShouldBe((double)alone["bill"]!["usdPerHour"]! + own, 1e-6);
            ((double)row["linesPerSecond"]!).ShouldBeInRange((double)row["low"]!, (double)row["high"]!);
            ((double)row["high"]!).ShouldBeLessThanOrEqualTo(3);
            if (!(bool)row["apart"]!)
                ((double)row["linesPerSecond"]!).ShouldBeGreaterThan(0);
        }
        fleets.Select(row => (double)row!["usdPerHour"]!).ShouldBeInOrder();
        Run([.. command, "--max-accelerators", "1"]).Code.ShouldBe(1);
    }

    /// <summary>What finds no room in time goes to the lines' own fleet.</summary>
    [Fact]
    public void A_line_that_cannot_be_done_in_its_window_does_not_go_in()
    {
        double Done(string window) => (double)Plan([
            .. Words(Space), "--batch-workload", "summarisation", "--batch-rate", "3", "--batch-window",
            window,
        ])["batch"]!["fleets"]!.AsArray().Where(row => !(bool)row!["apart"]!)
            .Sum(row => (double)row!["linesPerSecond"]!);
        Done("1h").ShouldBeLessThanOrEqualTo(Done("24h"));
    }

    [Theory]
    [InlineData("plan --gpu h1000", "h1000")]
    [InlineData("plan --gpu tpu_v7", "no price is in the catalogue")]
    [InlineData("plan --model Llama-3.1-405B --gpu l4 --tp 1", "no candidate fits")]
    [InlineData("plan --tp 0", "--tp 0: expected whole numbers of 1 to 4096")]
    [InlineData("plan --batch --pools all", "--pools all")]
    [InlineData("plan --price 2", "is for one card")]
    [InlineData("plan --shards 3/2", "--shards 3/2: expected K/N")]
    [InlineData("plan --isl 10", "expected both")]
    [InlineData("plan --objective speed", "--objective speed: expected cost, energy or accelerators")]
    [InlineData("plan --budget -1", "--budget -1")]
    [InlineData("plan --emit-shards slurm", "expected --shards 1/N")]
    [InlineData("plan --num-speculative-tokens 3", "both or neither")]
    [InlineData("plan --engine vllm,vllm@99", "--engine vllm@99: no such release is known; expected 0.1 to")]
    [InlineData("plan --engine sglang@0.6.0", "sglang@0.6.0: no such release is known; expected 0.1 to 0.5.")]
    [InlineData("plan --engine other@1.0", "--engine other@1.0: no release of it is known")]
    [InlineData("account --engine vllm@1", "--engine vllm@1: no such release")]
    [InlineData("simulate --engine vllm@", "--engine vllm@: no such release")]
    [InlineData("compare engine=vllm@0.34.0 engine=vllm", "--engine vllm@0.34.0: no such release")]
    [InlineData("plan --provider nobody", "--provider nobody: unknown; expected one of hyperscaler, index,")]
    [InlineData("plan --weights fp8,fp3", "--weights fp3: expected native, bf16")]
    [InlineData("plan --router all,fast", "--router fast: expected even, round-robin")]
    [InlineData("plan --engine sglang --emit fleet", "--emit: of sglang no files are written")]
    [InlineData("plan --policy ,", "--policy: names none")]
    [InlineData("plan --kv ,", "--kv: names none")]
    [InlineData("plan --engine ,", "--engine: names none")]
    [InlineData("plan --router ,", "--router: names none")]
    [InlineData("plan --num-redundant-experts 1.5", "--num-redundant-experts 1.5: expected whole numbers")]
    [InlineData("plan --model Llama-3.1-8B --gpu h100 --ep 4", "has no experts; expected 1")]
    [InlineData("plan --isl 1000 --osl 100 --levers", "--levers: of a search over traffic")]
    [InlineData("plan --batch-rate 3", "--batch-rate: expected --batch-workload with it")]
    [InlineData("plan --batch --batch-workload summarisation", "--batch-workload: fills a fleet that keeps")]
    [InlineData("plan --objective energy --batch-workload summarisation", "--objective cost")]
    [InlineData("plan --batch-workload nothing", "nothing: unknown")]
    [InlineData("plan --batch-workload summarisation --batch-rate 0", "--batch-rate 0: expected")]
    [InlineData("plan --isl 1000 --osl 100 --batch-workload summarisation", "expected it without --isl")]
    [InlineData("plan merge nowhere.jsonl", "nowhere.jsonl")]
    [InlineData("plan merge /dev/zero", "not a plan's journal")]
    public void Bad_input_is_one_line(string command, string expected)
    {
        var (code, text, story) = Run(Words(command));
        code.ShouldBe(2);
        text.ShouldBeEmpty();
        story.ShouldContain(expected);
        story.TrimEnd('\n').ShouldNotContain('\n');
    }

    [Fact]
    public void A_budget_below_one_fleet_says_what_is_nearest()
    {
        var (code, text, _) = Run([.. Words(Space), "--budget", "1"]);
        code.ShouldBe(1);
        text.ShouldContain("over the budget of 1");
        // What would do is a fleet that was simulated, not a bound.
        var least = Plan(Words(Space))["best"]![0]!;
        text.ShouldContain(FormattableString.Invariant(
            $"The least that keeps it: by {(int)least["fleet"]!["units"]!} × ")
            + FormattableString.Invariant($"{(string)least["deployment"]!}, ")
            + FormattableString.Invariant($"${(double)least["bill"]!["usdPerHour"]!:0.00} an"));
    }

    [Fact]
    public void A_journal_of_another_plan_is_refused()
    {
        var journal = Path.Combine(_folder.FullName, "other.jsonl");
        Run([.. Words(Space), "--journal", journal]).Code.ShouldBe(0);
        var (code, _, story) = Run([.. Words(Space), "--seed", "2", "--journal", journal]);
        code.ShouldBe(2);
        story.ShouldContain("is of another plan");
    }

    /// <summary>Another log under its name, with as many rows and the same means.</summary>
    [Fact]
    public void A_journal_of_a_trace_that_has_changed_is_refused()
    {
        var (log, journal) = (
            Path.Combine(_folder.FullName, "log.csv"), Path.Combine(_folder.FullName, "log.jsonl"));
        var rows = Enumerable.Range(0, 300).Select(i =>
            FormattableString.Invariant($"{i * 0.25},{100 + (i % 7 * 50)},{20 + (i % 5)}")).ToList();
        string[] command =
        [
            "plan", "--model", "Llama-3.1-8B", "--gpu", "h100", "--tp", "1", "--workload", log, "--map",
            "time=t:s,input=i,output=o", "--journal", journal,
        ];
        File.WriteAllLines(log, ["t,i,o", .. rows]);
        Run(command).Code.ShouldBe(0);
        Run(command).Code.ShouldBe(0);
        (rows[3], rows[4]) = (
            rows[3].Split(',')[0] + rows[4][rows[4].IndexOf(',')..],
            rows[4].Split(',')[0] + rows[3][rows[3].IndexOf(',')..]);
        File.WriteAllLines(log, ["t,i,o", .. rows]);
        var (code, _, story) = Run(command);
        code.ShouldBe(2);
        story.ShouldContain("is of another plan");
    }

    /// <summary>What two versions measured is not mixed: neither resumed nor joined.</summary>
    [Theory]
    [InlineData("\"version\":\"0.0.1, commit 0badc0de\",", "was measured by plimsoll 0.0.1, commit 0badc0de")]
    [InlineData("", "was measured by an earlier plimsoll;")]
    public void A_journal_of_another_version_is_refused(string version, string expected)
    {
        var journal = Path.Combine(_folder.FullName, "version.jsonl");
        Run([.. Words(Space), "--journal", journal]).Code.ShouldBe(0);
        var own = $"\"version\":\"{CommandLine.VersionAndCommit}\",";
        var text = File.ReadAllText(journal);
        text.ShouldContain(own);
        File.WriteAllText(journal, text.Replace(own, version));
        string[][] commands = [[.. Words(Space), "--journal", journal], ["plan", "merge", journal]];
        foreach (var command in commands)
        {
            var (code, _, story) = Run(command);
            code.ShouldBe(2);
            story.ShouldContain(expected);
            story.ShouldContain(CommandLine.VersionAndCommit);
        }
        File.ReadAllText(journal).ShouldBe(text.Replace(own, version));
    }

    static JsonNode Plan(string[] command)
    {
        var (code, text, story) = Run([.. command, "--json"]);
        code.ShouldBe(0, story + text);
        return JsonNode.Parse(text)!;
    }

    static string[] Words(string command) =>
        command.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    static (int Code, string Text, string Story) Run(string[] command)
    {
        using var output = new StringWriter();
        using var story = new StringWriter();
        return (CommandLine.Run(command, output, story), output.ToString(), story.ToString());
    }
}
