#include <algorithm>
#include <memory>
#include <new>
#include <type_traits>

#include <querytap/sql/normaliser.h>

#include "engine.h"
#include "kernels.h"

namespace querytap::sql {

/// More texts than views: the last view gets one after the other.
int Nested::run_open(std::string_view text, Run& outer) {
    const int view = std::min(outer.meter.dynamic_views, kDynamicViewsMax - 1);
    if (outer.meter.dynamic_views < kDynamicViewsMax) ++outer.meter.dynamic_views;
    outer.output.flush_literals();  // those of the inner text come behind
    ::new (&engine_) Engine;        // not value-initialised: the large buffers need no clearing
    output_.begin(outer.output.views(), view);
    Run inner{engine_.folder, engine_.statements, engine_.spelling, output_, outer.meter, *deeper_};
    engine_.tokenizer.feed(text, inner);
    engine_.tokenizer.end(inner);
    engine_.folder.end(inner);
    engine_.statements.end(inner);
    output_.flush();
    return view;
}

int Nested::run(std::string_view text, Run& outer) {
    const int view = run_open(text, outer);
    close(view, outer);
    return view;
}

Output& Nested::reopen(int view, Run& outer) {
    output_.begin(outer.output.views(), view);
    return output_;
}

void Nested::close(int view, Run& outer) {
    outer.output.views().on_dynamic_end(view);
}

int Bottom::run(std::string_view text, Run& outer) {
    return run_open(text, outer);
}

int Bottom::run_open(std::string_view, Run& outer) {
    ++outer.meter.limits_hit;
    return -1;
}

Output& Bottom::reopen(int, Run& outer) {
    return outer.output;  // run_open() gave no view, so nobody asks
}

void Bottom::close(int, Run&) {}

Scratch::Scratch() : impl_(std::make_unique<Impl>()) {}
Scratch::~Scratch() = default;

Engine& Normaliser::engine() noexcept {
    return *std::launder(reinterpret_cast<Engine*>(state_.data()));
}

const Engine& Normaliser::engine() const noexcept {
    return *std::launder(reinterpret_cast<const Engine*>(state_.data()));
}

Normaliser::Normaliser() noexcept {
    static_assert(sizeof(Engine) <= kStateSize && alignof(Engine) <= 8);
    static_assert(std::is_trivially_copyable_v<Engine> && std::is_trivially_destructible_v<Engine>);
    begin(Encoding::kUtf16le);
}

void Normaliser::begin(Encoding encoding) noexcept {
    // Default, not value initialisation: the large buffers need no clearing.
    ::new (state_.data()) Engine;
    engine().encoding = encoding;
}

std::uint32_t Normaliser::limits_hit() const noexcept {
    return engine().meter.limits_hit;
}

const ExecutedNames& Normaliser::executed() const noexcept {
    return engine().meter.executed;
}

std::uint64_t Normaliser::steps() const noexcept {
    return engine().meter.steps;
}

void Normaliser::feed(Bytes chunk, Scratch& scratch, Views& views) {
    Engine& engine = this->engine();
    Scratch::Impl& shared = scratch.impl();
    shared.output.begin(views, kMainView);
    Run run{engine.folder, engine.statements, engine.spelling,
            shared.output, engine.meter,      shared.first};
    while (!chunk.empty()) {
        const Bytes step = chunk.first(std::min(chunk.size(), Scratch::Impl::kStep));
        chunk = chunk.subspan(step.size());
        char* const out = shared.narrowed.data();
        const std::size_t size = engine.encoding == Encoding::kUtf16le
                                     ? narrow(step, out, engine.narrow)
                                     : widen_latin1(step.data(), step.size(), out);
        if (size == 0) continue;
        views.on_raw({out, size});
        engine.tokenizer.feed({out, size}, run);
    }
    shared.output.flush();
}

void Normaliser::end(Scratch& scratch, Views& views) {
    Engine& engine = this->engine();
    Scratch::Impl& shared = scratch.impl();
    shared.output.begin(views, kMainView);
    Run run{engine.folder, engine.statements, engine.spelling,
            shared.output, engine.meter,      shared.first};
    char last[6];
    if (const std::size_t size = narrow_end(last, engine.narrow); size > 0) {
        views.on_raw({last, size});
        engine.tokenizer.feed({last, size}, run);
    }
    engine.tokenizer.end(run);
    engine.folder.end(run);
    engine.statements.end(run);
    shared.output.flush();
}

ExecutedNames normalise(std::string_view utf8, Scratch& scratch, Views& views) {
    Engine engine;
    Scratch::Impl& shared = scratch.impl();
    shared.output.begin(views, kMainView);
    Run run{engine.folder, engine.statements, engine.spelling,
            shared.output, engine.meter,      shared.first};
    engine.tokenizer.feed(utf8, run);
    engine.tokenizer.end(run);
    engine.folder.end(run);
    engine.statements.end(run);
    shared.output.flush();
    return engine.meter.executed;
}

}  // namespace querytap::sql
