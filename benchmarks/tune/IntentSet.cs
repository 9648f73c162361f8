using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tune.Figures;

/// <summary>One utterance and its intent, lower case with spaces.</summary>
sealed record Utterance(string Text, string Intent);

/// <summary>
/// An intent task with its splits. Training utterances that the test split holds verbatim are left out.
/// </summary>
sealed record IntentSet(string Name, IReadOnlyList<Utterance> Train, IReadOnlyList<Utterance> Validation,
    IReadOnlyList<Utterance> Test)
{
    public static IReadOnlyList<string> Names { get; } = ["clinc150", "banking77", "snips"];

    public static IntentSet Load(string name) => name switch
    {
        "clinc150" => Clinc(),
        "banking77" => Banking(),
        "snips" => Snips(),
        _ => throw new BadInputException($"intent set {name}; expected {string.Join(", ", Names)}"),
    };

    static IntentSet Clinc()
    {
        var root = JsonDocument.Parse(SharedData.Bytes("clinc150_data_full.json.gz")).RootElement;
        List<Utterance> Split(string key) =>
            [.. root.GetProperty(key).EnumerateArray()
                .Select(p => new Utterance(p[0].GetString()!, Label(p[1].GetString()!)))];
        return Without("clinc150", Split("train"), Split("val"), Split("test"));
    }

    static IntentSet Banking()
    {
        static List<Utterance> Rows(string file) =>
            [.. CsvRecords.Read(SharedData.PathOf(file), new CsvColumns("text", "category"))
                .Select(r => new Utterance(r.Messages[0].Content.Trim(), Label(r.Messages[1].Content)))];
        var (train, validation) = HoldOut(Rows("banking77_train.csv"), 1000);
        return Without("banking77", train, validation, Rows("banking77_test.csv"));
    }

    static IntentSet Snips()
    {
        var intents = new[] { "AddToPlaylist", "BookRestaurant", "GetWeather", "PlayMusic", "RateBook",
            "SearchCreativeWork", "SearchScreeningEvent" };
        List<Utterance> Rows(string pattern)
        {
            var rows = new List<Utterance>();
            foreach (var intent in intents)
            {
                // Some files are Latin-1.
                var bytes = SharedData.Bytes(string.Format(pattern, intent));
                var text = Encoding.UTF8.GetString(bytes);
                if (text.Contains('\uFFFD'))
                    text = Encoding.Latin1.GetString(bytes);
                foreach (var example in JsonDocument.Parse(text).RootElement.GetProperty(intent)
                    .EnumerateArray())
                {
                    var words = string.Concat(example.GetProperty("data").EnumerateArray()
                        .Select(d => d.GetProperty("text").GetString()));
                    rows.Add(new Utterance(words.Trim(), Spaced(intent)));
                }
            }
            return rows;
        }
        var (train, validation) = HoldOut(Rows("snips_train_{0}_full.json.gz"), 1000);
        return Without("snips", train, validation, Rows("snips_validate_{0}.json.gz"));
    }

    static string Label(string intent) => intent.Replace('_', ' ').ToLowerInvariant().TrimEnd('?');

    static string Spaced(string intent) =>
        string.Concat(intent.Select((c, i) => i > 0 && char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}"
            : $"{char.ToLowerInvariant(c)}"));

    static (List<Utterance> Train, List<Utterance> Validation) HoldOut(List<Utterance> rows, int count)
    {
        var order = DrawnOrder.Of(seed: 20, purpose: 0, rows.Count);
        return ([.. order.Skip(count).Select(i => rows[i])], [.. order.Take(count).Select(i => rows[i])]);
    }

    static IntentSet Without(string name, List<Utterance> train, List<Utterance> validation,
        List<Utterance> test)
    {
        var seen = test.Select(u => u.Text.ToLowerInvariant()).ToHashSet();
        return new IntentSet(name, [.. train.Where(u => !seen.Contains(u.Text.ToLowerInvariant()))],
            [.. validation.Where(u => !seen.Contains(u.Text.ToLowerInvariant()))], test);
    }
}
