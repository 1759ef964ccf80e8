using System.Buffers.Binary;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Podvirt.Api;
using Podvirt.Members;

namespace Podvirt.Tests.Members;

public sealed class PasswordsTests
{
    private const string Password = "a long enough password";

    private static CancellationToken None => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AHash_IsSaltedAndCostly_AndMatchesItsPasswordOnly()
    {
        using var passwords = new Passwords();
        var hash = await passwords.HashAsync(Password, None);

        Assert.NotEqual(hash, await passwords.HashAsync(Password, None));
        Assert.Equal(210_000u, IterationsOf(hash));
        Assert.Equal(PasswordCheck.Right, await passwords.CheckAsync(hash, Password, None));
        Assert.Equal(PasswordCheck.Wrong, await passwords.CheckAsync(hash, Password + "x", None));
        Assert.Equal(PasswordCheck.Wrong, await passwords.CheckAsync(null, Password, None));
    }

    [Fact]
    public async Task AHashOfALowerCost_IsToldApart()
    {
        using var passwords = new Passwords();
        var cheap = new PasswordHasher<object>(Microsoft.Extensions.Options.Options.Create(new PasswordHasherOptions { IterationCount = 1000 })).HashPassword(new object(), Password);

        Assert.Equal(PasswordCheck.RightAndOutdated, await passwords.CheckAsync(cheap, Password, None));
    }

    [Fact]
    public async Task WithoutAHash_AsMuchIsDoneAsWithOne()
    {
        var hasher = new Recorder();
        using var passwords = new Passwords(hasher);
        var hash = await passwords.HashAsync(Password, None);
        hasher.Clear();

        await passwords.CheckAsync(hash, "another password", None);
        var known = hasher.Clear();
        await passwords.CheckAsync(null, "another password", None);
        var unknown = hasher.Clear();

        Assert.Equal(IterationsOf(hash), IterationsOf(Assert.Single(known)));
        Assert.Equal(IterationsOf(hash), IterationsOf(Assert.Single(unknown)));
    }

    [Fact]
    public async Task OneMoreThanMayWait_IsRefused()
    {
        var hasher = new Recorder { Gate = new ManualResetEventSlim() };
        using var passwords = new Passwords(hasher);
        // Those that have a place hold their threads.
        var working = Enumerable.Range(0, Passwords.PlacesMax).Select(_ => Task.Run(() => passwords.HashAsync(Password, None), None)).ToList();
        for (var i = 0; i < Passwords.PlacesMax; i++)
        {
            Assert.True(await hasher.Entered.WaitAsync(TimeSpan.FromSeconds(20), None));
        }
        var waiting = Enumerable.Range(0, Passwords.WaitingMax - Passwords.PlacesMax).Select(_ => passwords.HashAsync(Password, None)).ToList();

        var refusal = await Assert.ThrowsAsync<ApiException>(() => passwords.HashAsync(Password, None));

        Assert.Equal(StatusCodes.Status429TooManyRequests, refusal.Status);
        hasher.Gate.Set();
        await Task.WhenAll([.. working, .. waiting]);
        await passwords.HashAsync(Password, None);
    }

    /// <summary>See PasswordHasher: a byte for the format, four for the algorithm, four for the iterations.</summary>
    private static uint IterationsOf(string hash) => BinaryPrimitives.ReadUInt32BigEndian(Convert.FromBase64String(hash).AsSpan(5));

    private sealed class Recorder : IPasswordHasher<object>
    {
        private readonly PasswordHasher<object> _inner = new(Microsoft.Extensions.Options.Options.Create(new PasswordHasherOptions { IterationCount = 1000 }));
        private readonly List<string> _verified = [];

        public ManualResetEventSlim? Gate { get; init; }

        public SemaphoreSlim Entered { get; } = new(0);

        public List<string> Clear()
        {
            List<string> all = [.. _verified];
            _verified.Clear();
            return all;
        }

        public string HashPassword(object user, string password)
        {
            Entered.Release();
            Gate?.Wait(None);
            return _inner.HashPassword(user, password);
        }

        public PasswordVerificationResult VerifyHashedPassword(object user, string hashedPassword, string providedPassword)
        {
            _verified.Add(hashedPassword);
            return _inner.VerifyHashedPassword(user, hashedPassword, providedPassword);
        }
    }
}
