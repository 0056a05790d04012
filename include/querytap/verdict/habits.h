// How a client comes to a server: as whom, and how regularly. For the words of a pair's verdict; no
// evidence by itself, since monitoring is regular, too.
//
// One thread. Allocates: it is the control thread's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <querytap/base/time.h>
#include <querytap/verdict/pair_book.h>

namespace querytap::verdict {

class Habits {
  public:
    /// At most so many pairs; what comes later has no habits.
    explicit Habits(std::size_t pairs) : pairs_max_(pairs) {}

    /// A connection that began at `start`. True when the pair's coming has become regular with it.
    bool add(const Pair& pair, Timestamp start, std::string_view user, bool encrypted);

    /// "10.1.2.3 polls 203.0.113.50:1433 every 5.0 s +- 2 %, in clear text, as sa".
    std::string words(const Pair& pair) const;

  private:
    /// Intervals between beginnings, by Welford.
    struct Habit {
        Timestamp last{};
        std::uint32_t intervals = 0;
        double mean_s = 0;
        double squares = 0;
        bool regular = false;
        bool encrypted = false;
        std::string user;

        double deviation() const;  ///< of the mean, 0.02 is 2 %
    };
    std::size_t pairs_max_;
    std::map<Pair, Habit> habits_;
};

}  // namespace querytap::verdict
