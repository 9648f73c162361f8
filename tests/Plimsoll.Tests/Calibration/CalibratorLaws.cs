using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Inputs.Profiles;
using Plimsoll.Planning.Calibration;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Calibration;

/// <summary>
/// What the simulator made with known multipliers, calibrate finds again, or says that it cannot.
/// </summary>
public sealed class CalibratorLaws
{
    static readonly Deployment Llama = new()
    {
        Model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B"),
        Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
    };

    /// <summary>What several tests look at, fitted once.</summary>
    static readonly Lazy<CalibrationProfile> Slower = new(() =>
        Calibrator.Calibrate([Input(StepScale.None.With(StepTerm.Products, 1.25), Loads())], Llama));

    static readonly Lazy<CalibrationProfile> Plain = new(() =>
        Calibrator.Calibrate([Input(StepScale.None, Loads())], Llama));

    [Theory]
    [InlineData(1.25, 1.0)]
    [InlineData(0.85, 1.5)]
    [InlineData(1.1, 0.8)]
    public void Known_multipliers_are_found_again(double products, double decodeAttention)
    {
        var truth =
            StepScale.None.With(StepTerm.Products, products).With(StepTerm.DecodeAttention, decodeAttention);
        var profile = Calibrator.Calibrate([Input(truth, Loads())], Llama);
        Factor(profile, "products").ShouldBe(products, 0.05 * products);
        Factor(profile, "decode-attention").ShouldBe(decodeAttention, 0.1 * decodeAttention);
        profile.HeldOut.Figures.Single(f => f.Figure == "tpot").HeldOutPercent.ShouldBeLessThan(3);
    }

    [Fact]
    public void Steps_are_fitted_as_runs_are()
    {
        var truth = StepScale.None.With(StepTerm.Products, 1.2).With(StepTerm.DecodeAttention, 1.4);
        var steps = new List<MeasuredStep>();
        var model = new StepLog { Name = "", Deployment = Llama, Steps = [] }.ModelAt(truth);
        for (var i = 0; i < 400; i++)
        {
            var decodes = 1 + (i * 37 % 200);
            var shape = new StepShape
            {
                Decodes = decodes,
                DecodeContextTokens = decodes * (200L + (i * 997 % 6000)),
                LogitRows = decodes,
            };
            steps.Add(new MeasuredStep(shape, model.PredictNs(shape)));
        }
        Configuration Log(string name, int from, int to) => new()
        {
            Key = name,
            Logs = [new StepLog { Name = name, Deployment = Llama, Steps = steps[from..to] }],
        };
        var input = new MeasuredInput
        {
            File = "steps.csv", Form = "engine steps", Units = "milliseconds", Used = 400,
            Configurations =
                [Log("steps", 0, 400) with { Halves = (Log("earlier", 0, 200), Log("later", 200, 400)) }],
        };
        var profile = Calibrator.Calibrate([input], Llama);
        Factor(profile, "products").ShouldBe(1.2, 0.05);
        Factor(profile, "decode-attention").ShouldBe(1.4, 0.1);
        Factor(profile, "host").ShouldBe(1, 0.3);
        profile.Unidentified.Select(u => u.Term)
            .ShouldContain("prefill-attention", "no step had a prompt in it");
    }

    [Fact]
    public void What_one_load_cannot_tell_apart_is_said()
    {
        var truth = StepScale.None.With(StepTerm.Products, 1.2);
        var profile = Calibrator.Calibrate([Input(truth, [(8, 512, 256), (9, 512, 256)])], Llama);
        var attention = profile.Multipliers.FirstOrDefault(m => m.Term == "decode-attention");
        (attention?.Weak ?? profile.Unidentified.FirstOrDefault(u => u.Term == "decode-attention")?.Reason)
            .ShouldNotBeNull();
        profile.Multipliers.Single(m => m.Term == "products").Weak.ShouldBeNull();
    }

    /// <summary>
    /// Host time that outgrows the accelerator's changes what hides what: no round may run away with it.
    /// </summary>
    [Fact]
    public void A_fit_to_points_that_the_model_cannot_follow_is_no_worse_than_none()
    {
        var points = new[] { (1, 40.0, 8.0), (32, 150.0, 10.5), (128, 400.0, 18.0) };
        var input = new MeasuredInput
        {
            File = "points.csv", Form = "points", Units = "milliseconds", Used = 3,
            Configurations = [.. points.Select(p => new MeasuredPoint
            {
                Concurrency = p.Item1, PromptTokens = 512, OutputTokens = 128, TtftMs = p.Item2,
                    TpotMs = p.Item3,
            }.On(Llama))],
        };
        var profile = Calibrator.Calibrate([input], Llama);
        foreach (var figure in profile.HeldOut.Figures)
            figure.AfterPercent.ShouldBeLessThan(figure.BeforePercent);
    }

    [Fact]
    public void Terms_that_a_deployment_lacks_are_not_asked_for()
    {
        var profile = Plain.Value;
        var named =
            profile.Multipliers.Select(m => m.Term).Concat(profile.Unidentified.Select(u => u.Term)).ToList();
        named.ShouldNotContain("experts");
        named.ShouldNotContain("communication");
    }

    [Fact]
    public void The_interval_holds_the_truth_and_the_same_input_gives_the_same_bytes()
    {
        var truth = StepScale.None.With(StepTerm.Products, 1.15);
        var profile = Calibrator.Calibrate([Input(truth, Loads(), noise: 0.03)], Llama);
        var products = profile.Multipliers.Single(m => m.Term == "products");
        products.Low.ShouldBeLessThan(1.2);
        products.High.ShouldBeGreaterThan(1.1);
        profile.StepError.Low.ShouldBeInRange(0.8, 0.98);
        profile.StepError.High.ShouldBeInRange(1.02, 1.25);
        ProfileFile.Write(Calibrator.Calibrate([Input(truth, Loads(), noise: 0.03)], Llama)).ShouldBe(
            ProfileFile.Write(profile));
    }

    [Fact]
    public void A_profile_round_trips_and_scales_the_steps()
    {
        var profile = Slower.Value;
        var text = ProfileFile.Write(profile);
        var again = ProfileFile.Parse("p.json", text);
        ProfileFile.Write(again).ShouldBe(text);
        var fitted = new FittedStepTimes("p.json", again).ModelOf(Llama, contextTokens: null);
        var plain = StepTimeCatalogue.ModelOf(Llama);
        fitted.Tier.ShouldBe(Tier.Fitted);
        fitted.ErrorLow.ShouldBe(profile.StepError.Low);
        var shape = new StepShape { Decodes = 1, DecodeContextTokens = 100, LogitRows = 1 };
        (fitted.PredictNs(shape) / (double)plain.PredictNs(shape)).ShouldBeInRange(1.15, 1.3);
        fitted.Notes[0].ShouldContain("p.json");
    }

    [Fact]
    public void Another_parallelism_is_noted_and_widens_the_interval()
    {
        var profile = Slower.Value;
        var fitted = new FittedStepTimes("p.json", profile);
        var two = fitted.ModelOf(Llama with { TensorParallel = 2 }, contextTokens: null);
        two.ErrorHigh.ShouldBe(profile.StepError.High * 1.1, 1e-9);
        two.Notes.ShouldContain(n => n.Contains("tp 1") && n.Contains("used at 2"));
    }

    /// <summary>One line about what is wrong, and nothing else, of whatever a damaged file holds.</summary>
    [Theory]
    [InlineData("\"contextTokens\"", "\"context\"", "malformed")]
    [InlineData("\"least\": 384", "\"least\": 99999999", "no range")]
    [InlineData("\"most\": 12192", "\"most\": 9223372036854775807", "no range")]
    [InlineData("\"around\": \"kernels\"", "\"around\": \"foo\"", "datasheet or kernels")]
    [InlineData("\"multipliers\": [", "\"multipliers\": [ null,", "null in a list")]
    [InlineData("\"figures\": [", "\"figures\": [ null,", "null in a list")]
    [InlineData("\"low\": ", "\"low\": 9", "outside its own interval")]
    public void A_damaged_profile_is_refused(string was, string now, string expected)
    {
        var text = ProfileFile.Write(Slower.Value);
        text.ShouldContain(was);
        var at = text.IndexOf(was, StringComparison.Ordinal);
        Should.Throw<BadInputException>(
            () => ProfileFile.Parse("p.json", text[..at] + now + text[(at + was.Length)..]))
            .Message.ShouldContain(expected);
    }

    [Fact]
    public void A_profile_of_an_older_release_is_told_what_it_lacks()
    {
        var text = ProfileFile.Write(Plain.Value);
        var (from, to) = (text.IndexOf("\"contextTokens\""), text.IndexOf("\"multipliers\""));
        Should.Throw<BadInputException>(() => ProfileFile.Parse("p.json", text.Remove(from, to - from)))
            .Message.ShouldBe(
                "p.json: lacks 'contextTokens'; expected a profile of this release (calibrate again)");
    }

    /// <summary>A doubling of the context widens by 5 %, to either side of what was measured.</summary>
    [Fact]
    public void Contexts_beyond_those_measured_are_noted_and_widen_the_interval()
    {
        var profile = Slower.Value;
        var fitted = new FittedStepTimes("p.json", profile);
        var (least, most) = ((int)profile.ContextTokens.Least, (int)profile.ContextTokens.Most);
        (least, most).ShouldBe((384, 12_192));
        foreach (var among in new[] { least, 2000, most })
            fitted.ModelOf(Llama, among).ErrorHigh.ShouldBe(profile.StepError.High, 1e-9);
        var longer = fitted.ModelOf(Llama, 4 * most);
        longer.ErrorHigh.ShouldBe(profile.StepError.High * 1.05 * 1.05, 1e-9);
        longer.Notes.ShouldContain(n => n.Contains($" to {most:N0} tokens and is used at {4 * most:N0}"));
        fitted.ModelOf(Llama, least / 2).ErrorHigh.ShouldBe(profile.StepError.High * 1.05, 1e-9);
    }

    [Fact]
    public void A_profile_around_other_step_times_is_refused()
    {
        var profile = Plain.Value;
        var stale = profile with { AroundStepsMs = [.. profile.AroundStepsMs.Select(ms => 1.02 * ms)] };
        Should.Throw<BadInputException>(() =>
            new FittedStepTimes("p.json", stale).ModelOf(Llama, contextTokens: null))
            .Message.ShouldContain("calibrate again");
    }

    static (int, int, int)[] Loads() =>
        [(1, 512, 128), (4, 16_000, 256), (16, 512, 256), (32, 8000, 512), (64, 1024, 256), (48, 4000, 1024),
            (128, 256, 256)];

    static double Factor(CalibrationProfile profile, string term) =>
        profile.Multipliers.Single(m => m.Term == term).Factor;

    /// <summary>
    /// Closed loops as the simulator serves them when every term takes what the scale says.
    /// </summary>
    static MeasuredInput Input(
        StepScale truth, IReadOnlyList<(int Clients, int Prompt, int Output)> loads, double noise = 0)
    {
        var configurations = new List<Configuration>();
        foreach (var (clients, prompt, output) in loads)
        {
            var point = new MeasuredPoint
            {
                Concurrency = clients, PromptTokens = prompt, OutputTokens = output,
                LeastPromptTokens = prompt / 2, LeastOutputTokens = output / 2, TtftMs = 1, TpotMs = 1,
            };
            var run = point.On(Llama).Runs[0];
            var made = Replay.Of(run, truth).Predicted;
            var off = 1 + (noise * (configurations.Count % 2 == 0 ? 1 : -1));
            configurations.Add(
                (point with { TtftMs = made.TtftMs * off, TpotMs = made.TpotMs * off }).On(Llama));
        }
        return new MeasuredInput
        {
            File = "points.csv", Form = "points", Units = "milliseconds", Used = loads.Count,
                Configurations = configurations,
        };
    }
}
