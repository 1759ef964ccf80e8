using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Configuration;

namespace Podvirt.Catalogs;

/// <summary>
/// Applies the configuration file when it changes. A file that is not valid is reported with all its errors, and the catalog
/// stays as it is. Looked at by time rather than by notification: editors replace files, and network folders tell nothing.
/// </summary>
internal sealed partial class CatalogWatch(
    CatalogFile file, PodvirtOptions options, TimeProvider time, ILogger<CatalogWatch> logger, FilePolicy? policy = null) : BackgroundService
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    private readonly string _path = Path.GetFullPath(options.ConfigFile);
    private (DateTime Written, long Length) _seen;
    private (DateTime Written, long Length) _read;

    /// <summary>What the file said when it was last looked into: only what it says anew is applied over what was applied by hand since.</summary>
    private string? _text = options.ReadText;

    /// <summary>One look. A change is applied when a second look finds the file as the first did: then nobody is writing it.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        var info = new FileInfo(_path);
        if (!info.Exists)
        {
            // Between an editor's deletion and its new file; or gone for good, and the catalog stays.
            return;
        }
        var stamp = (info.LastWriteTimeUtc, info.Length);
        if (stamp == _read || stamp != _seen)
        {
            _seen = stamp;
            return;
        }
        var text = await File.ReadAllTextAsync(_path, cancellationToken);
        _read = stamp;
        if (text == _text)
        {
            return;
        }
        try
        {
            var outcome = await file.ApplyAsync(text, info.Name, isDryRun: false, cancellationToken);
            foreach (var warning in outcome.Diff.IsEmpty && outcome.Plans.IsEmpty ? [] : outcome.Warnings)
            {
                LogWarning(warning);
            }
        }
        catch (PodvirtConfigException invalid)
        {
            LogInvalid(info.Name, invalid.Errors.Count, invalid.Message);
        }
        _text = text;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Yaml is not null || policy is { Applies: false })
        {
            return;
        }
        using var timer = new PeriodicTimer(_interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await LookAsync(stoppingToken);
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    // The file or the store is out of reach for a while: the next look tries again.
                    _read = default;
                    LogFailed(_path, error);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // That is how it ends.
        }
    }

    [LoggerMessage(5005, LogLevel.Warning, "{Warning}")]
    private partial void LogWarning(string warning);

    [LoggerMessage(5006, LogLevel.Error, "{File} has {Count} errors and is not applied; the catalog stays as it is:\n{Errors}")]
    private partial void LogInvalid(string file, int count, string errors);

    [LoggerMessage(5007, LogLevel.Error, "{File} could not be applied; it is tried again")]
    private partial void LogFailed(string file, Exception error);
}
