using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// Batches while their server is killed again and again at moments drawn anew: every line must be in an
/// output once, and the ledger must sum to the bill.
/// </summary>
static class KillFigures
{
    const string Line =
        """{"custom_id":"rNUMBER","method":"POST","url":"/v1/chat/completions","body":{"model":"sim","max_tokens":4,"messages":[{"role":"user","content":"number NUMBER"}]}}""";

    /// <returns>0 when every batch was whole and the ledger balanced.</returns>
    public static async Task<int> PrintAsync(
        TextWriter output, string binary, int kills, int lines, string ledger)
    {
        var folder = Directory.CreateTempSubdirectory("plimsoll-kill");
        string[] arguments = ["--model", "Llama-3.1-8B", "--gpu", "h100_sxm", "--served-model-name", "sim",
            "--state", folder.FullName, "--ledger", ledger];
        var random = new Random(1);
        int killed = 0, batches = 0, wrong = 0;
        string? batch = null;
        try
        {
            while (killed < kills || batch is not null)
            {
                using var server = await StartAsync(binary, arguments);
                batch ??= await CreateAsync(server.Client, lines);
                var until = DateTime.UtcNow.AddMilliseconds(
                    killed < kills ? random.Next(50, 1500) : 600_000);
                JsonElement now;
                while ((now = await StatusAsync(server.Client, batch)).GetProperty("status").GetString()
                    != "completed" && DateTime.UtcNow < until)
                {
                    await Task.Delay(20);
                }
                if (now.GetProperty("status").GetString() == "completed")
                {
                    wrong += await IsWholeAsync(server.Client, now, lines) ? 0 : 1;
                    batches++;
                    batch = null;
                }
                killed++;
            }
            var database = ledger == "sqlite" ? Path.Combine(folder.FullName, "plimsoll.db") : ledger;
            var balances = ServedProcess.Run(binary, "ledger", "--ledger", database, "--check") == 0;
            output.WriteLine(FormattableString.Invariant(
                $"{killed} kills, {batches} batches of {lines:#,0} lines, {wrong} with a line missing ")
                + $"or twice; the ledger {(balances ? "sums to the bill" : "does NOT sum to the bill")}");
            return wrong == 0 && balances ? 0 : 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A database that is still mending what the last life left may refuse the next one a
    /// moment.</summary>
    static async Task<ServedProcess> StartAsync(string binary, string[] arguments)
    {
        const int Tries = 5;
        for (var once = 1; ; once++)
        {
            try
            {
                return await ServedProcess.StartAsync(binary, arguments);
            }
            catch (InvalidOperationException) when (once < Tries)
            {
                await Task.Delay(2000);
            }
        }
    }

    static async Task<string> CreateAsync(HttpClient client, int lines)
    {
        var text = new StringBuilder();
        for (var i = 0; i < lines; i++)
            text.Append(Line.Replace("NUMBER", i.ToString(CultureInfo.InvariantCulture))).Append('\n');
        using var form = new MultipartFormDataContent
        {
            { new StringContent("batch"), "purpose" },
            { new StringContent(text.ToString()), "file", "in.jsonl" },
        };
        var file = await JsonAsync(await client.PostAsync("/v1/files", form));
        var created = await JsonAsync(await client.PostAsync("/v1/batches", new StringContent(
            $$"""{"input_file_id":"{{file.GetProperty("id")}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""")));
        return created.GetProperty("id").GetString()!;
    }

    static async Task<JsonElement> StatusAsync(HttpClient client, string batch) =>
        await JsonAsync(await client.GetAsync($"/v1/batches/{batch}"));

    static async Task<bool> IsWholeAsync(HttpClient client, JsonElement batch, int lines)
    {
        var text = await client.GetStringAsync($"/v1/files/{batch.GetProperty("output_file_id")}/content");
        var seen = new HashSet<string>();
        var count = 0;
        foreach (var line in text.Split('\n').Where(line => line.Length > 0))
        {
            using var document = JsonDocument.Parse(line);
            seen.Add(document.RootElement.GetProperty("custom_id").GetString()!);
            count++;
        }
        return count == lines && seen.Count == lines;
    }

    static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        using (response)
        {
            response.EnsureSuccessStatusCode();
            return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        }
    }
}
