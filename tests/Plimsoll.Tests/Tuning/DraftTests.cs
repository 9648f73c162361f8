using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Plimsoll.Core;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Deployment;
using Plimsoll.Tuning.Drafts;
using Plimsoll.Tuning.Evaluation;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class DraftTests
{
    [Fact]
    public void Every_token_after_the_first_is_made_once_whatever_is_guessed()
    {
        var tokens = Gen.Int[0, 3].Array[1, 20];
        Gen.Select(tokens, tokens, Gen.Int[0, 5]).Sample((prompt, answer, most) =>
        {
            var draws = new Random(prompt.Length + answer.Length);
            var run = DraftReplay.Run(new DraftText(prompt, answer), most, (seen, limit) =>
            {
                seen.Take(prompt.Length).ShouldBe(prompt);
                seen.Skip(prompt.Length).ShouldBe(answer.Take(seen.Count - prompt.Length));
                return [.. Enumerable.Range(0, draws.Next(limit + 1)).Select(_ => draws.Next(4))];
            });
            run.Tokens.ShouldBe(answer.Length - 1);
            run.Steps.ShouldBeInRange((run.Tokens + most) / (most + 1), run.Tokens);
        });
    }

    [Fact]
    public void A_perfect_guess_takes_the_fewest_steps_and_a_wrong_one_the_most()
    {
        int[] answer = [.. Enumerable.Range(0, 11)];
        var text = new DraftText([99], answer);
        DraftReplay.Run(text, 4, (seen, most) => [.. answer.Skip(seen.Count - 1).Take(most)])
            .ShouldBe(new DraftRun(Steps: 2, Tokens: 10));
        DraftReplay.Run(text, 4, (_, _) => [7_000]).ShouldBe(new DraftRun(Steps: 10, Tokens: 10));
        DraftReplay.Run(text, 4, (_, _) => null).ShouldBe(new DraftRun(Steps: 10, Tokens: 10));
    }

    [Fact]
    public void Acceptance_is_a_ratio_with_an_interval_and_never_of_nothing()
    {
        var runs = Enumerable.Range(0, 200).Select(i => new DraftRun(2, i % 2 == 0 ? 2 : 6)).ToList();
        var acceptance = DraftAcceptance.Of("suffix", 4, runs);
        acceptance.TokensPerStep.Point.ShouldBe(2);
        acceptance.TokensPerStep.Low.ShouldBeInRange(1.8, 2);
        acceptance.TokensPerStep.High.ShouldBeInRange(2, 2.2);
        Should.Throw<BadInputException>(() => DraftAcceptance.Of("suffix", 4, [new(0, 0)]))
            .Message.ShouldContain("no answer has a second token");
    }

    [Theory]
    [InlineData(0.8, 0.7, 0.9, GateVerdict.Passed)]
    [InlineData(0.999, 0.99, 1.1, GateVerdict.Undecided)]
    [InlineData(1.2, 1.1, 1.3, GateVerdict.Failed)]
    [InlineData(0.99995, 0.9999, 0.99999, GateVerdict.Failed)]
    [InlineData(double.PositiveInfinity, 1, double.PositiveInfinity, GateVerdict.Failed)]
    public void A_draft_is_deployed_only_if_its_saving_exceeds_its_cost(double usd, double low, double high,
        GateVerdict expected)
    {
        // A rival of $1 a request, a thousand requests, $0.5 spent once.
        var gate = DraftDecision.Judge(
            new DraftMoney("suffix", 1, new Interval(usd, low, high), 1000, OnceUsd: 0.5));
        gate.Verdict.ShouldBe(expected, gate.Evidence);
        gate.Facts.ToJsonString().ShouldContain("suffix");
    }

    [Fact]
    public void A_draft_is_stale_as_soon_as_another_release_answers()
    {
        using var folder = new TemporaryFolder();
        using var workspace = new TuneWorkspace(
            folder.Path, new FakeTimeProvider(new DateTimeOffset(2026, 11, 27, 0, 0, 0, TimeSpan.Zero)));
        string Release(string what) => workspace.Registry.Add(
            Manifest.Of(ManifestKind.Release, new() { ["task"] = "t", ["what"] = what }));
        var (first, second) = (Release("first"), Release("second"));
        var model = workspace.Registry.Add(Manifest.Of(ManifestKind.Adapter, new() { ["whole"] = true }));
        var records = new DraftRecords(workspace);
        records.InUse("t").ShouldBeNull();
        var acceptance = DraftAcceptance.Of(DraftAcceptance.Model, 4, [new(2, 6)]);
        var record = records.Add(first, model, "test.jsonl", [acceptance]);
        records.Deploy("t", record, "pays");
        workspace.Registry.SetAlias("t@production", first, "promoted");
        records.InUse("t").ShouldBe(new DraftInUse(model, first, first));
        records.InUse("t")!.IsStale.ShouldBeFalse();
        records.Of(first).ShouldHaveSingleItem().Acceptance[0].TokensPerStep.Point.ShouldBe(3);
        records.Of(first)[0].Measured.ShouldBe("2026-11-27");
        workspace.Registry.SetAlias("t@production", second, "promoted");
        records.InUse("t")!.IsStale.ShouldBeTrue();
        TuneOverview.Of(workspace).ShouldContain(r => r.Kind == "draft" && r.State == "stale");
        TuneOverview.Of(workspace).ShouldContain(r => r.Kind == "draft" && r.State == "not measured");
        new Releases(workspace).RollBack("t", "worse");
        records.InUse("t")!.IsStale.ShouldBeFalse();
    }

    [Theory]
    [InlineData(Architecture.Llama)]
    [InlineData(Architecture.Qwen2)]
    [InlineData(Architecture.Qwen3)]
    public void A_draft_starts_as_its_target_with_fewer_layers(Architecture architecture)
    {
        using var folder = new TemporaryFolder();
        using var target = ModelFolder.Open(new TinyJob(folder).Model(architecture));
        DraftStart.Write(target, null, layers: 1, folder.In("draft"));
        using var draft = ModelFolder.Open(folder.In("draft"));
        draft.Config.ShouldBe(target.Config with { Layers = 1, EndTokens = draft.Config.EndTokens });
        draft.TokenizerHash.ShouldBe(target.TokenizerHash);
        draft.Template.Hash.ShouldBe(target.Template.Hash);
        foreach (var (name, _) in draft.Config.Weights())
            draft.Read(name).ToFloats().ShouldBe(target.Read(name).ToFloats());
        Should.Throw<BadInputException>(() => DraftStart.Write(target, null, 2, folder.In("same")))
            .Message.ShouldContain("expected 1 to 1");
        DraftStart.Kept(of: 6, layers: 3).ShouldBe([0, 2, 5]);
        DraftStart.Kept(of: 32, layers: 1).ShouldBe([0]);
    }

    [Fact]
    public async Task A_draft_learns_by_the_same_trainer_and_stays_a_whole_model()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        using var workspace = new TuneWorkspace(folder.In("registry"), TimeProvider.System);
        var target = tiny.Model(Architecture.Llama);
        using (var model = ModelFolder.Open(target))
            DraftStart.Write(model, null, 1, folder.In("draft"));
        var start = workspace.AddBase(folder.In("draft"));
        var records = Plimsoll.Tuning.Datasets.RecordReader.ReadJsonl(tiny.Conversations(40)).ToList();
        var (dataset, _) = workspace.AddDataset(records, new() { ValidationShare = 0 }, start, [],
            TestContext.Current.CancellationToken);
        var seen = new List<TuneRow>();
        var (trained, existing) = await new EmbeddedRuns(workspace, () => TinyJob.Trainer).RunAsync(
            start, dataset, new TrainingOptions { Whole = true, Epochs = 3, LearningRate = 1e-2,
                SequenceTokens = 128, BatchTokens = 512 }, null, null,
            _ => seen.AddRange(TuneOverview.Of(workspace)), TestContext.Current.CancellationToken);
        existing.ShouldBeFalse();
        seen.ShouldContain(r => r.Kind == "training" && r.State == "running");
        TuneOverview.Of(workspace).ShouldNotContain(r => r.Kind == "training");
        TuneOverview.Of(workspace).ShouldContain(r => r.Kind == "run");
        using var draft = ModelFolder.Open(workspace.FolderOf(trained));
        draft.Config.Layers.ShouldBe(1);
        draft.WeightHash().ShouldNotBe((string)workspace.Registry.Get(start).Facts["weights_sha256"]!);
        GgufExport.Model(draft, null, Plimsoll.Inputs.Gguf.TensorFormat.Q8_0, "draft")
            .Save(folder.In("draft.gguf"));
        File.Exists(folder.In("draft.gguf")).ShouldBeTrue();
    }
}
