using System.Buffers.Binary;
using System.Collections.Frozen;
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
/// All keys as one immutable snapshot by hash, kept current by watching the state store. A check is one hash and one
/// lookup; a revoked key is refused as soon as the store's change has arrived.
/// </summary>
internal sealed partial class KeyRing(IStateStore store, TimeProvider time, ILogger<KeyRing> logger) : BackgroundService
{
    // Longer secrets are nobody's: hashing them would only be work for an attacker's sake.
    private const int SecretCharsMax = 256;

    private readonly Dictionary<string, ApiKey> _byStateKey = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _firstListing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FrozenDictionary<KeyHash, Entry> _byHash = FrozenDictionary<KeyHash, Entry>.Empty;

    /// <summary>Completes when all keys of the store are known: before it a good key would be refused as a wrong one.</summary>
    public Task FirstListing => _firstListing.Task;

    /// <summary>Checks the value of an <c>Authorization</c> header.</summary>
    public bool TryAuthenticate(string? authorization, [NotNullWhen(true)] out Caller? caller)
    {
        caller = null;
        const string Scheme = "Bearer ";
        if (authorization is null || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }
        var secret = authorization.AsSpan(Scheme.Length).Trim();
        if (secret.Length is 0 or > SecretCharsMax)
        {
            return false;
        }

        Span<byte> utf8 = stackalloc byte[SecretCharsMax * 3];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(utf8[..Encoding.UTF8.GetBytes(secret, utf8)], hash);
        if (!Volatile.Read(ref _byHash).TryGetValue(KeyHash.From(hash), out var entry) || !entry.Key.IsUsableAt(time.GetUtcNow()))
        {
            return false;
        }
        caller = entry.Caller;
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var caughtUp = false;
        await foreach (var change in store.WatchAsync(ApiKey.StatePrefix, stoppingToken))
        {
            if (change.IsCaughtUp)
            {
                caughtUp = true;
            }
            else
            {
                Apply(change);
            }
            if (caughtUp)
            {
                Publish();
                _firstListing.TrySetResult();
            }
        }
    }

    private void Apply(StateChange change)
    {
        _byStateKey.Remove(change.Key);
        if (change.Entry is null)
        {
            return;
        }
        try
        {
            var key = change.Entry.Read<ApiKey>();
            if (Convert.FromHexString(key.Hash).Length != SHA256.HashSizeInBytes)
            {
                throw new FormatException($"The hash has {key.Hash.Length} characters; SHA-256 has 64.");
            }
            _byStateKey[change.Key] = key;
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            LogUnreadableKey(e, change.Key);
        }
    }

    private void Publish()
    {
        var byHash = new Dictionary<KeyHash, Entry>(_byStateKey.Count);
        foreach (var key in _byStateKey.Values)
        {
            byHash[KeyHash.From(Convert.FromHexString(key.Hash))] = new Entry(key, new Caller(key.Project, key.Id));
        }
        Volatile.Write(ref _byHash, byHash.ToFrozenDictionary());
    }

    [LoggerMessage(1001, LogLevel.Error, "The key under '{StateKey}' cannot be read and is refused.")]
    private partial void LogUnreadableKey(Exception exception, string stateKey);

    private sealed record Entry(ApiKey Key, Caller Caller);

    private readonly record struct KeyHash(ulong A, ulong B, ulong C, ulong D)
    {
        public static KeyHash From(ReadOnlySpan<byte> hash) => new(
            BinaryPrimitives.ReadUInt64LittleEndian(hash),
            BinaryPrimitives.ReadUInt64LittleEndian(hash[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(hash[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(hash[24..]));
    }
}
