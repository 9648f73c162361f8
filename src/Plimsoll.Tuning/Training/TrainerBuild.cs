using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Training;

/// <summary>
/// Builds the trainer of a checkout where it is missing. Processes that need it at the same time wait for
/// the one that builds, since two builds of one project write into each other's files.
/// </summary>
static class TrainerBuild
{
    const int Attempts = 3;
    static readonly TimeSpan _between = TimeSpan.FromSeconds(1);
    static readonly TimeSpan _longest = TimeSpan.FromMinutes(20);

    /// <param name="project">Folder of the trainer's project.</param>
    /// <param name="binary">What comes of it.</param>
    /// <param name="story">Told when it is being built or waited for.</param>
    /// <exception cref="BadInputException">It does not build; in the compiler's words.</exception>
    public static void Ensure(string project, string binary, Action<string> story)
    {
        using var only = Only(Path.Combine(project, "obj"), story);
        for (var attempt = 1; !File.Exists(binary); attempt++)
        {
            if (attempt == 1)
                story("building the trainer, once (libtorch is restored: half a gigabyte) ...");
            // A build of the whole checkout beside this one may hold a file for a moment.
            var fault = Build(project);
            if (File.Exists(binary))
                break;
            if (attempt == Attempts)
            {
                throw new BadInputException(
                    $"{project}: the trainer cannot be built: {fault ?? $"no {binary} came of it"}");
            }
            Thread.Sleep(_between);
        }
    }

    // Held by the open file: it ends with its process, however that ends.
    static FileStream? Only(string folder, Action<string> story)
    {
        var path = Path.Combine(folder, "trainer.lock");
        var since = Stopwatch.StartNew();
        for (var told = false; ; told = true)
        {
            try
            {
                Directory.CreateDirectory(folder);
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (UnauthorizedAccessException)
            {
                // A checkout that cannot be written is not built in either.
                return null;
            }
            catch (IOException) when (since.Elapsed < _longest)
            {
                if (!told && since.Elapsed > _between)
                    story("waiting for another process to build the trainer ...");
                Thread.Sleep(_between);
            }
            catch (IOException e)
            {
                throw new BadInputException(
                    $"{path}: {e.Message.TrimEnd('.')}; expected the process that builds the trainer to end");
            }
        }
    }

    /// <returns>Null when it is built; else the first error.</returns>
    static string? Build(string project)
    {
        var start = new ProcessStartInfo("dotnet",
            ["build", project, "-c", "Release", "-v", "quiet", "--nologo", "-nodeReuse:false"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var said = process.StandardOutput.ReadToEnd() + errors.Result;
            process.WaitForExit();
            return process.ExitCode == 0 ? null : FirstError(said);
        }
        catch (Win32Exception)
        {
            return "dotnet is not on the path; expected the .NET SDK, or PLIMSOLL_TRAINER";
        }
    }

    static string FirstError(string said)
    {
        var lines = said.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return lines.FirstOrDefault(l => l.Contains("error", StringComparison.OrdinalIgnoreCase))
            ?? lines.LastOrDefault() ?? "dotnet build said nothing";
    }
}
