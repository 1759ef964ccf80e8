using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Keys;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Relay;
using Podvirt.Messaging;

namespace Podvirt.Microbenchmarks;

/// <summary>The check of an <c>Authorization</c> header, with a thousand keys.</summary>
public class KeyBenchmarks : IDisposable
{
    private const int Keys = 1000;
    private const string Secret = "pv-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
    private const string Authorization = $"Bearer {Secret}";
    private const string WrongAuthorization = $"Bearer {Secret}x";

    private KeyRing? _keys;

    [GlobalSetup]
    public async Task SetUp()
    {
        _keys = new KeyRing(new KeyList(Keys, Secret), new Accounts(new RateBoard(TimeProvider.System), TimeProvider.System), TimeProvider.System, NullLogger<KeyRing>.Instance);
        await _keys.StartAsync(CancellationToken.None);
        await _keys.FirstListing;
    }

    [Benchmark]
    public bool RightKey() => KeyRing.TryReadBearer(Authorization, out var secret) && _keys!.TryAuthenticate(secret, out _);

    [Benchmark]
    public bool WrongKey() => KeyRing.TryReadBearer(WrongAuthorization, out var secret) && _keys!.TryAuthenticate(secret, out _);

    [GlobalCleanup]
    public async Task CleanUp()
    {
        await _keys!.StopAsync(CancellationToken.None);
        Dispose();
    }

    public void Dispose()
    {
        _keys?.Dispose();
        GC.SuppressFinalize(this);
    }

    // A store that only lists keys.
    private sealed class KeyList(int count, string secret) : IStateStore
    {
        public async IAsyncEnumerable<StateChange> WatchAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            for (var i = 0; i < count; i++)
            {
                var key = new ApiKey
                {
                    Id = $"k{i}",
                    Name = "key",
                    Prefix = "pv-01234",
                    Hash = ApiKey.HashOf(Encoding.UTF8.GetBytes(i == 0 ? secret : $"{secret}{i}")),
                    Project = "p",
                    CreatedAt = DateTimeOffset.UnixEpoch,
                };
                var stateKey = ApiKey.StatePrefix + key.Id;
                yield return new StateChange(stateKey, new StateEntry(stateKey, JsonSerializer.SerializeToUtf8Bytes(key, JsonSerializerOptions.Web), i + 1));
            }
            yield return StateChange.CaughtUp;
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        public ValueTask<StateEntry?> GetAsync(string key, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask<long> PutAsync(
            string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public ValueTask<long?> CreateAsync(
            string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public ValueTask<long?> UpdateAsync(
            string key, ReadOnlyMemory<byte> value, long revision, StateDurability durability, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public ValueTask<bool> DeleteAsync(
            string key, long? revision, StateDurability durability, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public ValueTask<IReadOnlyList<StateEntry>> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();
    }
}
