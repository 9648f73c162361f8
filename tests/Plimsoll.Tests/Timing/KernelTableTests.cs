using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Timing;

/// <summary>Shipped curves against the measured tables themselves, where those are at hand.</summary>
public sealed class KernelTableTests
{
    static readonly string Folder = FindFolder();

    [Theory]
    [InlineData("h100_sxm__vllm_0.19.0__gemm_perf", "h100_sxm", "vllm", 0.07)]
    [InlineData("b200_sxm__trtllm_1.3.0rc20__gemm_perf", "b200_sxm", "trtllm", 0.05)]
    [InlineData("rtx_pro_6000_server__vllm_0.19.0__gemm_perf", "rtx_pro_6000_server", "vllm", 0.06)]
    public void Products_of_serving_size_are_within_a_few_percent(
        string table, string accelerator, string engine, double median)
    {
        var curves = StepTimeCatalogue.TryLoad(accelerator, engine)!;
        var curve = curves.Gemm.First(g => g.Weights == NumberFormat.Bf16);
        var errors = new List<double>();
        foreach (var row in Rows(table))
        {
            var (m, n, k) = (Number(row, "m"), Number(row, "n"), Number(row, "k"));
            if (row["gemm_dtype"] == "bfloat16" && n >= 1024 && k >= 1024 && n * k >= 4e6)
            {
                errors.Add(Math.Abs((curve.Ns(curves.Peak, m, n, k) / (1e6 * Number(row, "latency"))) - 1));
            }
        }
        errors.Count.ShouldBeGreaterThan(5000);
        errors.Order().ElementAt(errors.Count / 2).ShouldBeLessThan(median);
    }

    /// <summary>At the median of a table's widths by 4 %; of these few a little more.</summary>
    [Theory]
    [InlineData("b300_sxm", "b200_sxm")]
    [InlineData("gb300", "gb200")]
    public void A_card_is_no_slower_than_its_predecessor(string card, string before)
    {
        foreach (var engine in new[] { "vllm", "trtllm" })
        {
            var (own, other) =
                (StepTimeCatalogue.TryLoad(card, engine)!, StepTimeCatalogue.TryLoad(before, engine)!);
            foreach (var curve in own.Gemm)
            {
                var earlier = other.Gemm.Single(
                    g => (g.Weights, g.BlockScaled) == (curve.Weights, curve.BlockScaled));
                foreach (var m in new[] { 64, 256, 1024, 4096, 16384 })
                {
                    Median(k => curve.Ns(own.Peak, m, k, k) / earlier.Ns(other.Peak, m, k, k))
                        .ShouldBeLessThan(1.06, $"{card} {engine} {curve.Weights} {m}");
                }
            }
        }
    }

    /// <summary>The middle of square products that fill a chip.</summary>
    static double Median(Func<double, double> ofWidth) =>
        new double[] { 2048, 3072, 4096, 6144, 8192, 12288, 16384 }.Select(ofWidth).Order().ElementAt(3);

    [Fact]
    public void Measured_all_reduces_are_never_undercut()
    {
        var curves = StepTimeCatalogue.TryLoad("h100_sxm", "vllm")!;
        foreach (var row in Rows("h100_sxm__vllm_0.19.0__custom_allreduce_perf"))
        {
            var bytes = 2 * Number(row, "message_size");
            var graph = row["backend"] == "vllm_graph";
            if (graph && bytes is >= 1024 and <= 1 << 29)
            {
                var curve = curves.AllReduce.Single(a => a.Ranks == (int)Number(row, "num_gpus"));
                (curve.At(bytes) / (1e6 * Number(row, "latency"))).ShouldBeInRange(0.6, 1.001);
            }
        }
    }

    static double Number(Dictionary<string, string> row, string column) =>
        double.Parse(row[column], CultureInfo.InvariantCulture);

    static IEnumerable<Dictionary<string, string>> Rows(string table)
    {
        var path = Path.Combine(Folder, table + ".csv.gz");
        Assert.SkipUnless(File.Exists(path), $"{table}: no kernel tables beside this checkout");
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        var header = reader.ReadLine()!.Split(',');
        while (reader.ReadLine() is { } line)
        {
            yield return header.Zip(line.Split(',')).ToDictionary(pair => pair.First, pair => pair.Second);
        }
    }

    static string FindFolder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Plimsoll.slnx")))
            {
                return Path.Combine(folder.Parent!.FullName, "shared", "data", "kernels");
            }
            folder = folder.Parent;
        }
        return "";
    }
}
