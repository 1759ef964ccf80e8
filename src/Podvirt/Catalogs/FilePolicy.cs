using System.Security.Cryptography;
using System.Text;
using Podvirt.Messaging;

namespace Podvirt.Catalogs;

/// <summary>The hashes of the files that were applied last, the latest at the end. Stored under <see cref="StateKey"/>.</summary>
internal sealed record AppliedFiles(IReadOnlyList<string> Hashes)
{
    public const string StateKey = "host/applied-files";
}

/// <summary>
/// Of several processes over one state store: who applies its configuration file at its start, and which file is no news. A file that
/// was applied before, and others since, is an old one that lies beside a process: a start must not bring it back.
/// </summary>
/// <param name="store">The state store.</param>
/// <param name="applies">False: this process takes the catalog as it stands.</param>
internal sealed class FilePolicy(IStateStore store, bool applies)
{
    /// <summary>Files that are remembered.</summary>
    public const int HashesMax = 200;

    public bool Applies => applies;

    /// <summary>Whether a start applies it: it is the latest one, or was never applied.</summary>
    public async Task<bool> IsNewsAsync(string text, CancellationToken cancellationToken)
    {
        var hash = HashOf(text);
        return await store.GetAsync(AppliedFiles.StateKey, cancellationToken) is not { } entry
            || entry.Read<AppliedFiles>().Hashes is var hashes && (hashes[^1] == hash || !hashes.Contains(hash, StringComparer.Ordinal));
    }

    /// <summary>It was applied.</summary>
    public async Task NoteAsync(string text, CancellationToken cancellationToken)
    {
        var hash = HashOf(text);
        while (true)
        {
            var entry = await store.GetAsync(AppliedFiles.StateKey, cancellationToken);
            var hashes = entry?.Read<AppliedFiles>().Hashes ?? [];
            var next = StateJson.ToBytes(new AppliedFiles([.. hashes.Where(h => h != hash).TakeLast(HashesMax - 1), hash]));
            var written = entry is null
                ? await store.CreateAsync(AppliedFiles.StateKey, next, cancellationToken)
                : await store.UpdateAsync(AppliedFiles.StateKey, next, entry.Revision, cancellationToken);
            if (written is not null)
            {
                return;
            }
        }
    }

    private static string HashOf(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
