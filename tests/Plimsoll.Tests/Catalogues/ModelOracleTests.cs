using System;
using System.Globalization;
using System.IO;
using System.Runtime.CompilerServices;
using Plimsoll.Core;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Catalogues;

public sealed class ModelOracleTests
{
    [Theory]
    [InlineData("Llama-3.1-8B", 8.03)]
    [InlineData("Llama-3.3-70B", 70.55)]
    [InlineData("Llama-3.1-405B", 405.85)]
    [InlineData("DeepSeek-V3", 671.03)]
    [InlineData("Kimi-K2", 1026.4)]
    [InlineData("gpt-oss-120b", 116.79)]
    [InlineData("Qwen3-235B-A22B", 235.09)]
    [InlineData("Llama-4-Maverick-17B-128E", 400)]
    [InlineData("GLM-4.5-Air", 106.85)]
    public void Parameters_follow_from_the_shape(string name, double billions)
    {
        var model = Catalogue.BuiltIn.FindModel(name);
        var counted = ParameterCount.Total(
            model.Layers, model.Hidden, model.Vocabulary, model.TiedEmbeddings, model.Attention,
            model.FeedForward);
        (counted / 1e9).ShouldBe(billions, 0.005 * billions);
    }

    [Theory]
    [InlineData("Llama-2-7B", 524_288)]
    [InlineData("Llama-3.1-8B", 131_072)]
    [InlineData("Llama-3.3-70B", 327_680)]
    [InlineData("DeepSeek-V3", 70_272)]
    [InlineData("gpt-oss-120b", 73_728)]
    public void Kv_bytes_follow_from_the_shape(string name, double bytes) =>
        Catalogue.BuiltIn.FindModel(name).KvBytesPerToken(NumberFormat.Bf16).ShouldBe(bytes);

    [Fact]
    public void Every_model_is_whole()
    {
        Catalogue.BuiltIn.Models.Count.ShouldBeGreaterThanOrEqualTo(40);
        foreach (var m in Catalogue.BuiltIn.Models)
        {
            (m.Attention.FullLayers + m.Attention.WindowLayers + m.Attention.LinearLayers)
                .ShouldBe(m.Layers, m.Name);
            (m.FeedForward.DenseLayers + m.FeedForward.MoeLayers).ShouldBe(m.Layers, m.Name);
            m.Source.ShouldNotBeEmpty();
            IsMonth(m.AsOf).ShouldBeTrue($"{m.Name} as of {m.AsOf}");
            m.ActiveParameters.ShouldBeLessThanOrEqualTo(m.Parameters, m.Name);
            (m.FeedForward.MoeLayers > 0).ShouldBe(m.FeedForward.Experts > 0, m.Name);
        }
    }

    [Fact]
    public void Every_accelerator_has_a_launch_and_a_source()
    {
        foreach (var a in Catalogue.BuiltIn.Accelerators)
        {
            a.Source.ShouldNotBeEmpty();
            IsMonth(a.Launch).ShouldBeTrue($"{a.Key} launched {a.Launch}");
        }
    }

    static bool IsMonth(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    [Theory]
    [InlineData("H100 SXM", "h100_sxm")]
    [InlineData("h100", "h100_sxm")]
    [InlineData("H100-PCIe", "h100_pcie")]
    [InlineData("mi300x", "mi300x")]
    public void Accelerators_answer_to_the_names_people_use(string name, string key) =>
        Catalogue.BuiltIn.FindAccelerator(name).Key.ShouldBe(key);

    [Theory]
    [InlineData("meta-llama/Llama-3.3-70B-Instruct", "Llama-3.3-70B")]
    [InlineData("meta-llama/Meta-Llama-3.1-8B", "Llama-3.1-8B")]
    [InlineData("qwen3-32b", "Qwen3-32B")]
    [InlineData("google/gemma-3-27b-it", "Gemma-3-27B")]
    public void Models_answer_to_the_names_people_use(string name, string expected) =>
        Catalogue.BuiltIn.FindModel(name).Name.ShouldBe(expected);

    [Fact]
    public void A_default_price_is_the_latest_on_demand_index()
    {
        var price = Catalogue.BuiltIn.FindPrice(Catalogue.BuiltIn.FindAccelerator("h100"), null);
        price.UsdPerHour.ShouldBe(3.29m);
        price.AsOf.ShouldBe("2026-08-21");
        price.ProviderType.ShouldBe("index");
    }

    [Fact]
    public void A_dated_price_is_the_median_of_its_day()
    {
        var h100 = Catalogue.BuiltIn.FindAccelerator("h100");
        Catalogue.BuiltIn.FindPrice(h100, "neocloud@2026-08-21").UsdPerHour.ShouldBe(3.445m);
        string.CompareOrdinal(Catalogue.BuiltIn.FindPrice(h100, "neocloud@2024-12-31").AsOf, "2024-12-31")
            .ShouldBeLessThanOrEqualTo(0);
        Catalogue.BuiltIn.FindPrice(h100, "2.49").UsdPerHour.ShouldBe(2.49m);
    }

    [Theory]
    [InlineData("spot", "2.6")]
    [InlineData("reserved-1y", "2.35")]
    [InlineData("reserved-1y@2025-12-31", "1.7")]
    public void A_term_is_a_price_too(string text, string usdPerHour)
    {
        var price = Catalogue.BuiltIn.FindPrice(Catalogue.BuiltIn.FindAccelerator("h100"), text);
        (price.Term, price.UsdPerHour).ShouldBe(
            (text.Split('@')[0], decimal.Parse(usdPerHour, CultureInfo.InvariantCulture)));
        var unknown = Should.Throw<BadInputException>(() =>
            Catalogue.BuiltIn.FindPrice(Catalogue.BuiltIn.FindAccelerator("h100"), "weekly"));
        unknown.Message.ShouldContain("reserved-1y");
    }

    [Fact]
    public void Every_price_has_an_accelerator_a_date_and_a_source()
    {
        foreach (var price in Catalogue.BuiltIn.Prices)
        {
            Catalogue.BuiltIn.FindAccelerator(price.Accelerator).Key.ShouldBe(price.Accelerator);
            DateOnly.TryParseExact(
                price.AsOf, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
                .ShouldBeTrue(price.AsOf);
            price.Source.ShouldNotStartWith("same");
            price.UsdPerHour.ShouldBeInRange(0.1m, 20m);
        }
    }

    [Fact]
    public void The_shape_agrees_with_the_measured_catalogue()
    {
        var file = SharedData("catalogue/model-architectures.csv");
        Assert.SkipUnless(File.Exists(file), "the shared data is not here");
        var checkedRows = 0;
        using var csv = Sylvan.Data.Csv.CsvDataReader.Create(file);
        while (csv.Read())
        {
            var name = csv.GetString(csv.GetOrdinal("model")).Split('/')[0];
            var kv = csv.GetString(csv.GetOrdinal("kv_bytes_per_token_bf16"));
            foreach (var model in Catalogue.BuiltIn.Models)
            {
                if (model.Name != name || kv.Length == 0 || name == "MiMo-V2-Flash")
                    continue;
                model.KvBytesPerToken(NumberFormat.Bf16).ShouldBe(
                    double.Parse(kv, CultureInfo.InvariantCulture), 1, name);
                checkedRows++;
            }
        }
        checkedRows.ShouldBeGreaterThan(40);
    }

    internal static string SharedData(string path, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../../shared/data", path));
}
