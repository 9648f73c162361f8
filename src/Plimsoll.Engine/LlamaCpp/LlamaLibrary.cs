using System;
using System.IO;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using LLama.Native;
using Plimsoll.Core;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>What computes: which libllama, of which kind.</summary>
/// <param name="Path">Folder of a libllama of one's own; null for the one that comes along.</param>
/// <param name="Backend"><c>cpu</c>, <c>cuda</c> or <c>vulkan</c>.</param>
public sealed record LlamaLibraryOptions(string? Path = null, string Backend = "cpu");

/// <summary>
/// Loads libllama, once for the process, and keeps what it last complained about. Its structs change between
/// releases without a sign, so a library of another release than the bindings' is refused by name.
/// </summary>
public static unsafe class LlamaLibrary
{
    /// <summary>The ggml that the bindings belong to: llama.cpp 815a2a5915f2.</summary>
    public const string Release = "0.18.0 (815a2a591)";

    const string Processor = "cpu";

    static readonly Lock _gate = new();
    static readonly StringBuilderLog _log = new();
    static LlamaLibraryOptions? _loaded;
    static nint _handle;
    static nint _images;

    public static void Load(LlamaLibraryOptions options)
    {
        lock (_gate)
        {
            if (_loaded is not null)
            {
                if (_loaded != options)
                {
                    throw new BadInputException(
                        "libllama is loaded already, with other settings; one per process is possible");
                }
                return;
            }
            Configure(options);
            try
            {
                NativeApi.llama_empty_call();
            }
            catch (Exception e) when (
                e is TypeInitializationException or LLama.Exceptions.RuntimeError or DllNotFoundException)
            {
                throw new BadInputException(
                    $"libllama for backend \"{options.Backend}\" cannot be loaded: "
                        + $"{FirstLine(e.InnerException ?? e)}");
            }
            _handle = NativeApi.GetLoadedNativeLibrary(NativeLibraryName.LLama)?.Metadata is null
                ? NativeLibrary.Load(
                    options.Path is null ? "libllama.so" : Path.Combine(options.Path, "libllama.so"))
                : NativeLibrary.Load("libllama.so");
            NativeLibrary.SetDllImportResolver(
                typeof(LlamaLibrary).Assembly, (name, _, _) => name switch
                {
                    "libllama" => _handle,
                    "libmtmd" => _images,
                    _ => 0,
                });
            Libllama.llama_log_set(&OnLog, 0);
            if (options.Backend != Processor)
                FindDevice(options);
            _loaded = options;
        }
    }

    /// <summary>Loads libmtmd, which images need, from beside libllama; once for the process.</summary>
    public static void LoadImages()
    {
        lock (_gate)
        {
            if (_images != 0)
                return;
            if (_loaded is null)
                throw new InvalidOperationException("libmtmd needs libllama loaded before it");
            var file = _loaded.Path is null ? "libmtmd.so" : Path.Combine(_loaded.Path, "libmtmd.so");
            try
            {
                // The one that comes along is found by the bindings, and by its name from then on.
                if (_loaded.Path is null)
                    NativeApi.MtmdDefaultMarker();
                _images = NativeLibrary.Load(file);
            }
            catch (Exception e) when (e is DllNotFoundException or TypeInitializationException
                or LLama.Exceptions.RuntimeError or BadImageFormatException)
            {
                throw new BadInputException($"{file} cannot be loaded, which images need: {FirstLine(e)}");
            }
            Libmtmd.mtmd_helper_log_set(&OnLog, 0);
        }
    }

    /// <summary>
    /// Runs something that makes libllama log; gives back what it complained about, in one line.
    /// </summary>
    public static (T Result, string Complaint) Listen<T>(Func<T> action)
    {
        lock (_gate)
        {
            _log.Clear();
            var result = action();
            return (result, _log.LastLine());
        }
    }

    /// <summary>What computes, by name; the first is everywhere.</summary>
    public static Choices<Action<NativeLibraryConfigContainer>> Backends { get; } = new(
        (Processor, config => config.WithCuda(false).WithVulkan(false).WithAutoFallback(true)),
        ("cuda", config => config.WithCuda()),
        ("vulkan", config => config.WithVulkan()));

    static void Configure(LlamaLibraryOptions options)
    {
        var config = NativeLibraryConfig.All.WithAutoFallback(false).WithLogCallback((_, _) => { });
        if (!Backends.TryFind(options.Backend, out var choose))
            throw new BadInputException($"backend \"{options.Backend}\"", "is not known", $"{Backends}");
        choose(config);
        if (options.Path is not { } folder)
            return;
        CheckRelease(folder);
        config.WithLibrary(Path.Combine(folder, "libllama.so"), null);
    }

    /// <summary>Else the processor would compute, unasked and many times slower.</summary>
    static void FindDevice(LlamaLibraryOptions options)
    {
        if (options.Path is { } folder && !Libllama.llama_supports_gpu_offload())
            LoadBackend(folder, options.Backend);
        if (!Libllama.llama_supports_gpu_offload())
        {
            throw new BadInputException(
                $"backend \"{options.Backend}\": no device of it is on this machine, or libllama has no part "
                    + $"for it; \"{Processor}\" computes on the processor");
        }
    }

    /// <summary>
    /// Registers <c>libggml-BACKEND.so</c> of a folder, where there is one that libllama is not linked to: a
    /// build for the processor serves a GPU once ggml's part for it lies beside it.
    /// </summary>
    /// <returns>Whether there was one.</returns>
    internal static bool LoadBackend(string folder, string backend)
    {
        var file = Path.Combine(folder, $"libggml-{backend}.so");
        var ggml = Path.Combine(folder, "libggml.so");
        if (!File.Exists(file) || !File.Exists(ggml))
            return false;
        var name = Marshal.StringToCoTaskMemUTF8(file);
        try
        {
            var load = (delegate* unmanaged[Cdecl]<nint, nint>)NativeLibrary.GetExport(
                NativeLibrary.Load(ggml), "ggml_backend_load");
            return load(name) != 0
                ? true
                : throw new BadInputException($"{file} is no backend that this ggml ({Release}) can load");
        }
        finally
        {
            Marshal.FreeCoTaskMem(name);
        }
    }

    /// <summary>Asks the library in a folder what it is before anything of it is called.</summary>
    internal static void CheckRelease(string folder)
    {
        foreach (var file in new[] { "libggml-base.so", "libllama.so" })
        {
            if (!File.Exists(Path.Combine(folder, file)))
            {
                throw new BadInputException(
                    $"{folder} has no {file}; a folder with llama.cpp's shared libraries was expected");
            }
        }
        if (!NativeLibrary.TryLoad(Path.Combine(folder, "libggml-base.so"), out var ggml))
            throw new BadInputException($"{folder}: libggml-base.so cannot be loaded on this machine");
        var release = $"{Ask(ggml, "ggml_version")} ({Ask(ggml, "ggml_commit")})";
        if (release != Release)
        {
            throw new BadInputException(
                $"{folder} holds ggml {release}; the bindings are of {Release}, and "
                    + $"structs differ between releases");
        }
    }

    static string Ask(nint library, string function) =>
        NativeLibrary.TryGetExport(library, function, out var address)
        ? Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint>)address)()) ?? "unknown"
        : "unknown";

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void OnLog(int level, byte* text, nint data)
    {
        // 2 information, 3 warning, 4 error, 5 goes on with the line before.
        if (level >= 3)
            _log.Append(level, Marshal.PtrToStringUTF8((nint)text) ?? "");
    }

    static string FirstLine(Exception e) => e.Message.Split('\n')[0].Trim();

    /// <summary>The last errors logged, a few lines at most.</summary>
    sealed class StringBuilderLog
    {
        readonly Lock _lock = new();
        string _last = "";
        string _error = "";

        public void Clear() => (_last, _error) = ("", "");

        public void Append(int level, string text)
        {
            lock (_lock)
            {
                var line = text.Trim();
                if (line.Length == 0)
                    return;
                _last = line;
                if (level == 4 && !line.EndsWith("failed to load model", StringComparison.Ordinal)
                    && !line.Contains("Failed to load CLIP model", StringComparison.Ordinal))
                {
                    _error = line;
                }
            }
        }

        /// <summary>The error, without the names of the functions that passed it on.</summary>
        public string LastLine()
        {
            lock (_lock)
            {
                var line = _error.Length > 0 ? _error : _last;
                var at = line.IndexOf(": error ", StringComparison.Ordinal);
                return (at >= 0 ? line[(at + 2)..] : line).ReplaceLineEndings(" ");
            }
        }
    }
}
