using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Completions;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads.Families;

namespace Plimsoll.Cli.Verbs;

/// <summary><c>plimsoll catalogue</c>: the facts inside the binary, each with source and date.</summary>
sealed class CatalogueVerb(TextWriter output)
{
    static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public Command Build() =>
        new("catalogue",
            "Models, accelerators, prices and workloads that are built in, with source and date.")
        {
            Part("accelerators", "Accelerators by datasheet.", ListAccelerators, n =>
                Catalogue.BuiltIn.FindAccelerator(n),
                Suggestions.Accelerators),
            Part("models", "Model architectures; NAME may be a config.json.", ListModels, ShowModel,
                Suggestions.Models),
            Part("prices", "Dated prices; NAME is an accelerator.", ListPrices, PricesOf,
                Suggestions.Accelerators),
            Part("workloads", "Workload families.", ListWorkloads, n => WorkloadFamily.Find(n).Spec,
                Suggestions.Workloads),
        };

    Command Part(
        string name, string description, Func<(string Text, object Records)> list, Func<string, object> find,
        Func<CompletionContext, IEnumerable<CompletionItem>> suggest)
    {
        var one = new Argument<string?>("NAME")
        {
            Description = "Show this one in full",
            Arity = ArgumentArity.ZeroOrOne,
            HelpName = "NAME",
        };
        one.CompletionSources.Add(suggest);
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command(name, description) { one, json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(one) is { } wanted)
            {
                var record = Found(find, wanted);
                output.WriteLine(parsed.GetValue(json) ? ToJson(record) : InFull(record));
            }
            else
            {
                var (text, records) = list();
                output.Write(parsed.GetValue(json) ? ToJson(records) + "\n" : text);
            }
            return CommandLine.Done;
        });
        return command;
    }

    /// <summary>What is unknown here is an argument, which has no flag.</summary>
    static object Found(Func<string, object> find, string name)
    {
        try
        {
            return find(name);
        }
        catch (BadInputException unknown)
        {
            throw new BadInputException(unknown.Message);
        }
    }

    static (string Text, object Records) ListAccelerators()
    {
        var table = new TextTable(
            "key", "name", "bf16 TFLOPS", "fp8", "fp4", "GB", "GB/s", "scale-up GB/s", "step time", "launch",
            "source");
        foreach (var a in Catalogue.BuiltIn.Accelerators)
        {
            var tier = StepTimeCatalogue.For(a, Usual.Engine).Tier.ToString().ToLowerInvariant();
            table.Add(a.Key, a.Name, F(a.Bf16Tflops), F(a.Fp8Tflops), F(a.Fp4Tflops), F(a.MemoryGb),
                F(a.MemoryGbPerSecond), F(a.ScaleUpGbPerSecond), tier, a.Launch, a.Source);
        }
        return (table.ToString(), Catalogue.BuiltIn.Accelerators);
    }

    static (string Text, object Records) ListModels()
    {
        var table = new TextTable(
            "name", "parameters B", "active B", "layers", "attention", "KV bytes/token bf16", "context",
            "tokens/image", "as of", "source");
        foreach (var m in Catalogue.BuiltIn.Models)
        {
            table.Add(m.Name, F(m.Parameters / 1e9, "0.00"), F(m.ActiveParameters / 1e9, "0.00"), F(m.Layers),
                Attention(m),
                F(m.KvBytesPerToken(NumberFormat.Bf16), "0"), F(m.MaxContext), m.ImageTokens > 0
                ? F(m.ImageTokens) : "",
                m.AsOf, m.Source);
        }
        return (table.ToString(), Catalogue.BuiltIn.Models);
    }

    static (string Text, object Records) ListPrices() => (PriceTable(null), Catalogue.BuiltIn.Prices);

    static object PricesOf(string accelerator)
    {
        var key = Catalogue.BuiltIn.FindAccelerator(accelerator).Key;
        var rows = new List<object>();
        foreach (var price in Catalogue.BuiltIn.Prices)
        {
            if (price.Accelerator == key)
                rows.Add(price);
        }
        return new PriceList(key, rows);
    }

    sealed record PriceList(string Accelerator, IReadOnlyList<object> Prices);

    static string PriceTable(string? accelerator)
    {
        var table = new TextTable(
            "accelerator", "as of", "USD/h", "provider type", "provider", "term", "confidence", "source");
        foreach (var p in Catalogue.BuiltIn.Prices)
        {
            if (accelerator is null || p.Accelerator == accelerator)
            {
                table.Add(p.Accelerator, p.AsOf
                    ?? "", p.UsdPerHour.ToString("0.00##", CultureInfo.InvariantCulture),
                    p.ProviderType, p.Provider, p.Term, p.Confidence, p.Source);
            }
        }
        return table.ToString();
    }

    static (string Text, object Records) ListWorkloads()
    {
        var table = new TextTable("name", "class", "requests/s", "input", "output", "envelope", "source");
        var specs = new List<FamilySpec>();
        foreach (var w in WorkloadFamily.BuiltIn)
        {
            specs.Add(w.Spec);
            table.Add(w.Name, w.Spec.Class, F(w.RequestsPerSecond), F(w.MeanPromptTokens, "0"),
                F(w.MeanOutputTokens, "0"),
                w.Spec.Envelope, w.Source);
        }
        return (table.ToString(), specs);
    }

    static object ShowModel(string name)
    {
        var model = Catalogue.BuiltIn.FindModel(name);
        return new
        {
            Model = model,
            Derived = new
            {
                ParametersB = Math.Round(model.Parameters / 1e9, 2),
                ActiveB = Math.Round(model.ActiveParameters / 1e9, 2),
                WeightsGbBf16 = Math.Round(model.Parameters * 2 / 1e9, 1),
                WeightsGbFp8 = Math.Round(model.Parameters / 1e9, 1),
                model.KvElementsPerToken,
                KvBytesPerTokenBf16 = model.KvBytesPerToken(NumberFormat.Bf16),
                KvBytesPerTokenFp8 = model.KvBytesPerToken(NumberFormat.Fp8),
            },
        };
    }

    static string ToJson(object record) => JsonSerializer.Serialize(record, Json);

    /// <summary>One record as indented name-value lines.</summary>
    static string InFull(object record)
    {
        if (record is PriceList prices)
            return PriceTable(prices.Accelerator).TrimEnd('\n');
        var text = new StringBuilder();
        using var json = JsonDocument.Parse(ToJson(record));
        Append(text, json.RootElement, 0);
        return text.ToString().TrimEnd('\n');
    }

    static void Append(StringBuilder text, JsonElement element, int depth)
    {
        foreach (var property in element.EnumerateObject())
        {
            var label = new string(' ', 2 * depth) + property.Name;
            if (property.Value.ValueKind == JsonValueKind.Object)
            {
                text.Append(label).Append('\n');
                Append(text, property.Value, depth + 1);
            }
            else if (property.Value.ValueKind != JsonValueKind.Null)
            {
                text.Append(label.PadRight(26)).Append(' ')
                    .Append(property.Value.ToString().ReplaceLineEndings(" ").Replace("  ", "")).Append('\n');
            }
        }
    }

    static string Attention(ModelSpec model)
    {
        var a = model.Attention;
        var form = a.Form == AttentionForm.Latent ? "MLA"
            : a.KvHeads == a.Heads ? "MHA"
            : a.KvHeads == 1 ? "MQA" : "GQA";
        if (a.WindowLayers > 0)
            form += $"+window {a.WindowTokens}";
        return a.LinearLayers > 0 ? form + "+linear" : form;
    }

    static string F(double? value, string format = "0.##") =>
        value is { } number ? number.ToString(format, CultureInfo.InvariantCulture) : "";
}
