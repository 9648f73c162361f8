using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Plimsoll.Tuning.Training;

/// <summary>
/// Where each unfinished run of a registry is, for whoever looks from another process: its last event, in a
/// file beside its checkpoints, which goes with the run's folder when the run is kept.
/// </summary>
/// <param name="Spec">What is trained.</param>
/// <param name="At">When it said so; a run that was killed says nothing more.</param>
public sealed record RunProgress(string Spec, TrainerEvent Event, DateTimeOffset At)
{
    const string FileName = "progress.json";

    internal static void Write(string folder, TrainerEvent e, TimeProvider time)
    {
        // A step may take a millisecond; one look a second is enough.
        var path = Path.Combine(folder, FileName);
        var last = File.GetLastWriteTimeUtc(path);
        if (e.Kind == "step" && time.GetUtcNow().UtcDateTime - last < TimeSpan.FromSeconds(1))
            return;
        try
        {
            File.WriteAllText(path + ".new", e.Write());
            File.Move(path + ".new", path, overwrite: true);
        }
        catch (IOException)
        {
            // It is for looking at only: a full disk is the checkpoint's to report.
        }
    }

    /// <summary>What an earlier life of this run last said; null where there was none.</summary>
    internal static TrainerEvent? Before(string folder)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) ? TrainerEvent.Read(File.ReadAllText(path)) : null;
    }

    /// <summary>Of every unfinished run, the newest word first.</summary>
    public static List<RunProgress> Of(TuneWorkspace workspace)
    {
        var found = new List<RunProgress>();
        var work = Path.Combine(workspace.Folder, "work");
        if (!Directory.Exists(work))
            return found;
        foreach (var folder in Directory.GetDirectories(work))
        {
            var path = Path.Combine(folder, FileName);
            try
            {
                if (File.Exists(path) && TrainerEvent.Read(File.ReadAllText(path)) is { } e)
                    found.Add(new RunProgress(Path.GetFileName(folder), e, File.GetLastWriteTimeUtc(path)));
            }
            catch (IOException)
            {
                // The run ended while it was looked at.
            }
        }
        return [.. found.OrderByDescending(r => r.At)];
    }
}
