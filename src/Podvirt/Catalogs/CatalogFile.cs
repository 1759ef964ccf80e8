using Podvirt.Configuration;
using Podvirt.Core.Models;
using Podvirt.Messaging;
using Podvirt.Projects;

namespace Podvirt.Catalogs;

/// <summary>What a file changes, or would change.</summary>
/// <param name="Before">The catalog that it was compared with.</param>
/// <param name="Plans">What it changes in the plans.</param>
/// <param name="Warnings">What is allowed but probably not meant, and what only a restart puts into force.</param>
internal sealed record FileOutcome(Catalog Before, CatalogDiff Diff, PlanDiff Plans, IReadOnlyList<string> Warnings);

/// <summary>Applies the text of a <c>podvirt.yaml</c> while the server runs: its models and plans. One at a time.</summary>
internal sealed class CatalogFile(CatalogStore store, PlanStore plans, PodvirtConfig running, PodvirtOptions options, FilePolicy? policy = null) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <param name="text">The file's content.</param>
    /// <param name="name">The file's name, as errors show it.</param>
    /// <param name="isDryRun">Compares only.</param>
    /// <exception cref="PodvirtConfigException">It is not valid; nothing was changed. Holds every error.</exception>
    public async Task<FileOutcome> ApplyAsync(string text, string name, bool isDryRun, CancellationToken cancellationToken)
    {
        var config = ConfigReader.Read(text, name, options.Environment);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var before = await store.ReadAsync(cancellationToken);
            var diff = isDryRun ? CatalogDiff.Between(before, config.Models) : await store.ApplyAsync(config.Models, cancellationToken);
            // After the models: a plan may name a new one.
            var planDiff = await plans.ApplyAsync(config.Plans, isDryRun, cancellationToken);
            if (policy is not null && !isDryRun)
            {
                await policy.NoteAsync(text, cancellationToken);
            }
            return new FileOutcome(before, diff, planDiff, [.. config.Warnings.Select(w => w.ToString()), .. planDiff.Warnings, .. NeedRestart(config)]);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private IEnumerable<string> NeedRestart(PodvirtConfig config)
    {
        (string Key, object? Was, object? Is)[] parts =
        [
            ("gpus", running.Gpus, config.Gpus), ("limits", running.Limits, config.Limits), ("gateway", running.Gateway, config.Gateway),
            ("public_url", running.PublicUrl, config.PublicUrl), ("cors", running.CorsOrigins, config.CorsOrigins),
        ];
        // Records compare their lists by reference, so by what they say.
        return parts.Where(p => !StateJson.ToBytes(p.Was).Span.SequenceEqual(StateJson.ToBytes(p.Is).Span))
            .Select(p => $"{p.Key}: the change takes effect when the server is started again");
    }
}
