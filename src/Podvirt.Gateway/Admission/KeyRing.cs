using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Keys;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Admission;

/// <summary>
/// All keys by the hash of their secrets, kept current by watching the state store. A check is one hash and one lookup without a lock; a
/// revoked key is refused as soon as the store's change has arrived.
/// </summary>
internal sealed partial class KeyRing(IStateStore store, Accounts accounts, TimeProvider time, ILogger<KeyRing> logger) : BackgroundService
{
    // Longer secrets are nobody's: hashing them would only be work for an attacker's sake.
    private const int SecretCharsMax = 256;

    private readonly Dictionary<string, Held> _byStateKey = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<KeyHash, Entry> _byHash = new();
    private readonly ConcurrentDictionary<string, KeyAccount> _accounts = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _firstListing = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Of the keys that there are.</summary>
    public IEnumerable<KeyAccount> Accounts => _accounts.Values;

    /// <summary>Completes when all keys of the store are known: before it a good key would be refused as a wrong one.</summary>
    public Task FirstListing => _firstListing.Task;

    /// <summary>The secret in the value of an <c>Authorization</c> header.</summary>
    public static bool TryReadBearer(string authorization, out ReadOnlySpan<char> secret)
    {
        const string Scheme = "Bearer ";
        var isBearer = authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);
        secret = isBearer ? authorization.AsSpan(Scheme.Length).Trim() : default;
        return isBearer;
    }

    /// <summary>Checks a secret.</summary>
    public bool TryAuthenticate(ReadOnlySpan<char> secret, [NotNullWhen(true)] out Caller? caller)
    {
        caller = null;
        if (secret.Length is 0 or > SecretCharsMax)
        {
            return false;
        }

        Span<byte> utf8 = stackalloc byte[SecretCharsMax * 3];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(utf8[..Encoding.UTF8.GetBytes(secret, utf8)], hash);
        var now = time.GetUtcNow();
        if (!_byHash.TryGetValue(KeyHash.From(hash), out var entry) || !entry.IsUsableAt(now))
        {
            return false;
        }
        caller = entry.Account.Caller;
        entry.Account.NoteUse(now);
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var change in store.WatchAsync(ApiKey.StatePrefix, stoppingToken))
        {
            if (change.IsCaughtUp)
            {
                _firstListing.TrySetResult();
            }
            else
            {
                Apply(change);
            }
        }
    }

    private void Apply(StateChange change)
    {
        var next = change.Entry is null ? null : Read(change.Entry);
        if (_byStateKey.Remove(change.Key, out var before))
        {
            foreach (var hash in before.Hashes.Except(next?.Hashes ?? []))
            {
                _byHash.TryRemove(hash, out _);
            }
        }
        if (next is null)
        {
            _accounts.TryRemove(change.Key, out _);
            return;
        }
        var key = next.Key;
        var account = accounts.ProjectOf(key.Project).KeyOf(key.Id);
        account.Set(key, accounts.Now);
        _accounts[change.Key] = account;
        _byStateKey[change.Key] = next;
        _byHash[next.Hashes[0]] = new Entry(key, account, null);
        for (var i = 0; i < key.Retiring.Count; i++)
        {
            _byHash[next.Hashes[i + 1]] = new Entry(key, account, key.Retiring[i].Until);
        }
    }

    private Held? Read(StateEntry entry)
    {
        try
        {
            var key = entry.Read<ApiKey>();
            return new Held(key, [KeyHash.Parse(key.Hash), .. key.Retiring.Select(secret => KeyHash.Parse(secret.Hash))]);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            LogUnreadableKey(e, entry.Key);
            return null;
        }
    }

    [LoggerMessage(1001, LogLevel.Error, "The key under '{StateKey}' cannot be read and is refused.")]
    private partial void LogUnreadableKey(Exception exception, string stateKey);

    /// <summary>A key and the hashes of its secrets, the current one first.</summary>
    private sealed record Held(ApiKey Key, KeyHash[] Hashes);

    /// <param name="Until">When this secret stops working; null: with the key.</param>
    private sealed record Entry(ApiKey Key, KeyAccount Account, DateTimeOffset? Until)
    {
        public bool IsUsableAt(DateTimeOffset now) => Key.IsUsableAt(now) && (Until is null || now < Until) && !Account.Project.IsArchived;
    }

    private readonly record struct KeyHash(ulong A, ulong B, ulong C, ulong D)
    {
        /// <exception cref="FormatException">Not 64 hex digits.</exception>
        public static KeyHash Parse(string hex)
        {
            var bytes = Convert.FromHexString(hex);
            return bytes.Length == SHA256.HashSizeInBytes
                ? From(bytes)
                : throw new FormatException($"The hash has {hex.Length} characters; SHA-256 has {SHA256.HashSizeInBytes * 2}.");
        }

        public static KeyHash From(ReadOnlySpan<byte> hash) => new(
            BinaryPrimitives.ReadUInt64LittleEndian(hash),
            BinaryPrimitives.ReadUInt64LittleEndian(hash[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(hash[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(hash[24..]));
    }
}
